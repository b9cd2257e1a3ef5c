import { describe, expect, test } from 'vitest';
import { parsePanes, planPanes } from '../../../src/agents/panes.ts';

const place = { folder: '/workspace/repo', key: '0a1b' };

describe('what the agent’s server says of its panes', () => {
  test('is their ids, by role, and what the pane says of Claude', () => {
    expect(parsePanes('%0 agent running 3 137\n%1 shell \n%4  \n')).toEqual({
      agent: '%0',
      shell: '%1',
      said: { state: 'running', restarts: 3, code: 137 },
    });
  });

  test.each([
    ['nothing', ''],
    ['another role', '%0 root running 3 137\n'],
    ['an id that is none', '%0;kill-server agent running 3 137\n'],
    ['an option for an id', '-t agent running 3 137\n'],
    ['a line too long', `%0 agent ${'9'.repeat(100)}\n`],
    ['escape sequences', '%0 \x1b[2Jagent running 3 137\n'],
  ])('says nothing where it is %s', (_, text) => {
    expect(parsePanes(text)).toEqual({ agent: null, shell: null, said: null });
  });

  test.each(['running 3', 'running -1 0', 'running 3 1377', 'dancing 3 1', 'running 3 1 0', 'running 1e3 1'])(
    'knows the pane but not its words where they are %j',
    (words) => {
      expect(parsePanes(`%0 agent ${words}\n`)).toEqual({ agent: '%0', shell: null, said: null });
    },
  );

  test('is not read to its end where there is no end', () => {
    const text = `${'%9 \n'.repeat(500)}%0 agent running 0 0\n`;
    expect(parsePanes(text).agent).toBeNull();
  });
});

describe('the panes that are missing', () => {
  const said = null;

  test('are none where both are there', () => {
    expect(planPanes({ agent: '%0', shell: '%1', said }, place)).toBeNull();
  });

  test('are made beside the one that is left', () => {
    expect(planPanes({ agent: '%0', shell: null, said }, place)?.join(' ')).toBe(
      'split-window -v -l 20% -t %0 -c /workspace/repo ; set-option -p @cloister_role shell ; select-pane -t %0',
    );
    expect(planPanes({ agent: null, shell: '%1', said }, place)?.join(' ')).toBe(
      'split-window -v -b -l 80% -t %1 -c /workspace/repo /usr/local/libexec/cloister/agent 0a1b ; ' +
        'set-option -p @cloister_role agent',
    );
  });

  test('get a window of their own where none is left: the shell follows at the next look', () => {
    expect(planPanes({ agent: null, shell: null, said }, place)?.join(' ')).toMatch(
      /^new-window -n claude -t =cloister: /,
    );
  });
});
