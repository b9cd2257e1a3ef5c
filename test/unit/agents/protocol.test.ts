import { describe, expect, test } from 'vitest';
import {
  type HomePlan,
  isSettled,
  mergeClaudeState,
  parseShortages,
  renderGhHosts,
  renderShortage,
} from '../../../src/agents/protocol.ts';

const plan: HomePlan = {
  home: '/home/claude',
  claudeFolder: '/home/claude/.claude',
  claudeLink: null,
  folders: [],
  rooms: [],
  trusted: ['/workspace', '/workspace/repo'],
  approvedKey: null,
  githubToken: null,
};
const merged = (text: string | null, more: Partial<HomePlan> = {}) =>
  JSON.parse(mergeClaudeState(text, { ...plan, ...more })) as Record<string, Record<string, unknown>>;
const flags = {
  hasTrustDialogAccepted: true,
  hasClaudeMdExternalIncludesApproved: true,
  hasClaudeMdExternalIncludesWarningShown: true,
};
const trusted = { '/workspace': flags, '/workspace/repo': flags };

describe('Claude Code’s first screen has no dialog', () => {
  test('in an empty home', () => {
    expect(merged(null)).toEqual({ hasCompletedOnboarding: true, projects: trusted });
  });

  test('and once it is so, nothing has to be written: a full disk does not matter then', () => {
    expect(isSettled(null, plan)).toBe(false);
    expect(isSettled('{"hasCompletedOnboarding":true}', plan)).toBe(false);
    const settled = JSON.stringify({ mine: 1, ...merged(null) });
    expect(isSettled(settled, plan)).toBe(true);
    expect(isSettled(settled, { ...plan, approvedKey: 'other' })).toBe(false);
    expect(isSettled(settled, { ...plan, trusted: ['/elsewhere'] })).toBe(false);
  });

  test('and what it remembered stays', () => {
    const state = {
      numStartups: 7,
      projects: { '/workspace': { history: ['x'], hasTrustDialogAccepted: false }, '/other': { a: 1 } },
    };
    expect(merged(JSON.stringify(state))).toEqual({
      numStartups: 7,
      hasCompletedOnboarding: true,
      projects: {
        ...trusted,
        '/workspace': { history: ['x'], ...flags },
        '/other': { a: 1 },
      },
    });
  });

  test('merged twice is merged once', () => {
    const once = mergeClaudeState(null, { ...plan, approvedKey: 'key' });
    expect(mergeClaudeState(once, { ...plan, approvedKey: 'key' })).toBe(once);
  });

  test.each([
    ['key', ['key']],
    [null, []],
  ])('of API keys %j alone is approved: nothing of an earlier one stays', (approvedKey, approved) => {
    const state = { customApiKeyResponses: { approved: ['old', 'key'], rejected: ['no'] } };
    expect(merged(JSON.stringify(state), { approvedKey }).customApiKeyResponses).toEqual({
      approved,
      rejected: ['no'],
    });
  });

  test('a key the agent noted as rejected would bring the dialog back: it is approved again', () => {
    const state = { customApiKeyResponses: { approved: [], rejected: ['key', 'no'] } };
    expect(merged(JSON.stringify(state), { approvedKey: 'key' }).customApiKeyResponses).toEqual({
      approved: ['key'],
      rejected: ['no'],
    });
  });
});

describe('a hostile .claude.json', () => {
  test.each(['', '{', 'null', '[]', '42', '"text"', '\0', '[{"projects":{}}]', 'x'.repeat(100_000)])(
    'of %j is replaced',
    (text) => {
      expect(merged(text)).toEqual({ hasCompletedOnboarding: true, projects: trusted });
    },
  );

  test.each([
    [[]],
    ['text'],
    [null],
    [7],
    [{ '/workspace': [] }],
    [{ '/workspace': 'no', '/workspace/repo': null }],
  ])('whose projects are %j is mended', (projects) => {
    expect(merged(JSON.stringify({ projects })).projects).toMatchObject(trusted);
  });

  test('cannot take trust away through __proto__, nor reach any prototype', () => {
    const text =
      '{"__proto__":{"polluted":true,"projects":{}},"projects":{"__proto__":{"polluted":true},"/workspace":{"__proto__":{"hasTrustDialogAccepted":false}}}}';
    expect(merged(text).projects?.['/workspace']).toMatchObject({ hasTrustDialogAccepted: true });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test.each([[[]], ['text'], [{ approved: 'key', rejected: 'no' }], [{ approved: { 0: 'x' } }]])(
    'whose key responses are %j still approves the key, in lists',
    (customApiKeyResponses) => {
      const { approved, rejected } = merged(JSON.stringify({ customApiKeyResponses }), { approvedKey: 'key' })
        .customApiKeyResponses as { approved: unknown; rejected: unknown };
      expect([approved, rejected]).toEqual([['key'], []]);
    },
  );
});

test('gh knows its account and protocol', () => {
  expect(renderGhHosts('token')).toBe('github.com:\n    oauth_token: token\n    git_protocol: https\n');
});

test('of a shortage no other path is believed than those that were given', () => {
  const text = [
    renderShortage({ lack: 'needed', path: '/home/claude/.claude' }),
    renderShortage({ lack: 'spared', path: '/home/claude' }),
    'needed /etc/passwd\nwrong /home/claude\nneeded\n',
  ].join('');
  expect(parseShortages(text, plan)).toEqual([
    { lack: 'needed', path: '/home/claude/.claude' },
    { lack: 'spared', path: '/home/claude' },
  ]);
});
