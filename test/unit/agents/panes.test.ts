import { describe, expect, test } from 'vitest';
import { parsePanes, planPanes, planRemoval } from '../../../src/agents/panes.ts';

const nothing = {
  server: null,
  pids: { agent: null, shell: null },
  agent: null,
  shell: null,
  said: null,
  dead: [],
};
const place = { folder: '/workspace/repo', key: '0a1b' };

describe('what the agent’s server says of its panes', () => {
  test('is their ids, by role, and what the pane says of Claude', () => {
    expect(parsePanes('77\n10 %0 agent running 3 137\n11 %1 shell \n12 %4  \n')).toEqual({
      server: 77,
      pids: { agent: 10, shell: 11 },
      agent: '%0',
      shell: '%1',
      said: { state: 'running', restarts: 3, code: 137 },
      dead: [],
    });
  });

  test.each([
    ['nothing', ''],
    ['another role', '10 %0 root running 3 137\n'],
    ['an id that is none', '10 %0;kill-server agent running 3 137\n'],
    ['an option for an id', '10 -t agent running 3 137\n'],
    ['a line too long', `10 %0 agent ${'9'.repeat(100)}\n`],
    ['a process that is none', '0 %0 agent running 3 137\n'],
    ['escape sequences', '10 %0 \x1b[2Jagent running 3 137\n'],
  ])('says nothing where it is %s', (_, text) => {
    expect(parsePanes(text)).toEqual(nothing);
  });

  test.each(['running 3', 'running -1 0', 'running 3 1377', 'dancing 3 1', 'running 3 1 0', 'running 1e3 1'])(
    'knows the pane but not its words where they are %j',
    (words) => {
      expect(parsePanes(`10 %0 agent ${words}\n`)).toMatchObject({ agent: '%0', shell: null, said: null });
    },
  );

  test('is not read to its end where there is no end', () => {
    const text = `${'9 %9 \n'.repeat(500)}10 %0 agent running 0 0\n`;
    expect(parsePanes(text).agent).toBeNull();
  });
});

describe('a pane whose program is gone', () => {
  const panes = parsePanes('77\n- %0 agent running 3 137\n11 %1 shell \n- %2 shell \n- %3  \n');

  test('is no pane, though tmux keeps it, and is taken away where it was ours', () => {
    expect(panes).toMatchObject({ agent: null, shell: '%1', dead: ['%0', '%2'] });
    expect(planRemoval(panes)?.join(' ')).toBe('kill-pane -t %0 ; kill-pane -t %2');
    expect(planRemoval({ dead: [] })).toBeNull();
  });
});

describe('the panes that are missing', () => {
  test('are none where both are there', () => {
    expect(planPanes({ agent: '%0', shell: '%1' }, place)).toBeNull();
  });

  test('are made beside the one that is left', () => {
    expect(planPanes({ agent: '%0', shell: null }, place)?.join(' ')).toBe(
      'split-window -v -l 20% -t %0 -c /workspace/repo ; set-option -p @cloister_role shell ; select-pane -t %0',
    );
    expect(planPanes({ agent: null, shell: '%1' }, place)?.join(' ')).toBe(
      'split-window -v -b -l 80% -t %1 -c /workspace/repo /usr/local/libexec/cloister/agent 0a1b ; ' +
        'set-option -p @cloister_role agent',
    );
  });

  test('get a window of their own where none is left: the shell follows at the next look', () => {
    expect(planPanes({ agent: null, shell: null }, place)?.join(' ')).toMatch(
      /^new-window -n claude -t =cloister: /,
    );
  });
});
