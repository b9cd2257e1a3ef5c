import { describe, expect, test } from 'vitest';
import { attach } from '../../../src/cli/attach.ts';
import { Paths } from '../../../src/core/paths.ts';
import { bootToReady, until } from '../../boot/drive.ts';
import { makeMachine } from '../../boot/machine.ts';
import { FakePty, FakeTerminal } from '../terminal/fakes.ts';

async function setUp(options: { stay: boolean; env?: Record<string, string> }) {
  const machine = makeMachine();
  await bootToReady(machine);
  machine.files.put('/usr/share/terminfo/x/xterm-kitty', '');
  machine.printed.length = 0;
  const terminal = new FakeTerminal();
  const opened: { argv: readonly string[]; env: Record<string, string>; pty: FakePty }[] = [];
  const code = attach({
    host: machine.program({ terminal: true, env: options.env ?? {} }),
    terminal,
    openPty: ({ argv, env }) => {
      const pty = new FakePty();
      opened.push({ argv, env, pty });
      return pty;
    },
    stay: options.stay,
  });
  await until(machine, () => opened.length === 1);
  return { machine, terminal, opened, code, said: () => machine.printed.join('') };
}

describe('attach', () => {
  test('without a terminal says which flag gives one', async () => {
    const machine = makeMachine();
    const terminal = new FakeTerminal();
    const openPty = () => new FakePty();
    expect(await attach({ host: machine.program(), terminal, openPty, stay: false })).toBe(77);
    expect(machine.printed.join('')).toContain('docker exec -it');
  });

  test('runs the tmux client as the agent: a client obeys its server', async () => {
    const { opened } = await setUp({ stay: false });
    expect(opened[0]?.argv.join(' ')).toMatch(
      /^\/usr\/bin\/choom --adjust=1000 .*\/usr\/bin\/setpriv --reuid=1000 .*--no-new-privs .*-- \/usr\/bin\/tmux .* attach-session/,
    );
  });

  test.each([
    ['xterm-kitty', 'xterm-kitty'],
    ['unheard-of', 'xterm-256color'],
    ['../../etc/passwd', 'xterm-256color'],
    ['dumb', 'xterm-256color'],
  ])('with TERM=%s shows the session as %s', async (term, shown) => {
    const { opened } = await setUp({ stay: false, env: { TERM: term, GH_PAT: 'github_pat_x' } });
    expect(opened[0]?.env.TERM).toBe(shown);
    expect(JSON.stringify(opened[0]?.env)).not.toContain('github_pat');
  });

  test('ends when its client detaches, and the box goes on', async () => {
    const { opened, code, said } = await setUp({ stay: false });
    opened[0]?.pty.exit(0);
    expect(await code).toBe(0);
    expect(said()).toContain('The box goes on');
  });

  test.each([false, true])('says so when the box stopped under it (staying: %s)', async (stay) => {
    const { machine, opened, code, said } = await setUp({ stay });
    const state = JSON.parse(machine.files.readIfAny(Paths.state) ?? '');
    machine.files.put(Paths.state, JSON.stringify({ ...state, phase: 'stopping' }));
    opened[0]?.pty.exit(1);
    expect(await code).toBe(0);
    expect(said()).toContain('The box is stopping');
    expect(said()).not.toContain('goes on');
  });

  test('tries again while the session can’t be entered, and says what is wrong with it', async () => {
    const { machine, opened, said } = await setUp({ stay: false });
    const state = JSON.parse(machine.files.readIfAny(Paths.state) ?? '');
    const unanswered = { session: 'its socket leads to no server' };
    machine.files.put(Paths.state, JSON.stringify({ ...state, unanswered }));
    for (let round = 1; round <= 10; round++) {
      opened[round - 1]?.pty.exit(1);
      await until(machine, () => opened.length === round + 1);
    }
    expect(said()).toBe(
      "The session can't be entered yet. The box is putting it right: its socket leads to no server.\nTrying again.\n",
    );
  });

  test('gives up on a client that ends at once again and again while nothing is known to be wrong', async () => {
    const { machine, opened, code, said } = await setUp({ stay: false });
    for (let round = 1; round <= 6; round++) {
      opened[round - 1]?.pty.exit(1);
      await until(machine, () => opened.length === round + 1);
    }
    opened[6]?.pty.exit(1);
    expect(await code).toBe(70);
    expect(said()).toContain('left without an answer');
  });

  test('on the container’s own terminal comes back with Enter, and with no other key', async () => {
    const { machine, terminal, opened } = await setUp({ stay: true });
    opened[0]?.pty.exit(0);
    await until(machine, () => machine.printed.join('').includes('Enter comes back'));
    terminal.type('x');
    terminal.type('\r');
    await until(machine, () => opened.length === 2);
    terminal.window = { columns: 90, rows: 30 };
    expect(opened.map(({ pty }) => pty.sizes.length)).toEqual([0, 1]);
  });
});
