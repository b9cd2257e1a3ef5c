import { describe, expect, test } from 'vitest';
import { FakeMachine } from '../../../src/host/fake-host.ts';
import { relay } from '../../../src/terminal/relay.ts';
import { FakePty, FakeTerminal } from './fakes.ts';

const waits = 'Waiting for the session. Ctrl-C leaves it';

function setUp() {
  const machine = new FakeMachine();
  const [terminal, pty] = [new FakeTerminal(), new FakePty()];
  const done = relay(terminal, pty, machine.program(), () => 'tmux does not answer.');
  const shown = () => terminal.shown().toString('latin1');
  const print = (text: string) => pty.print(Buffer.from(text));
  /** Answers as a terminal does that has taken everything. */
  const settle = async () => {
    await machine.advance(0);
    terminal.type('\x1b[0n');
    return done;
  };
  return { machine, terminal, pty, shown, print, settle };
}

describe('a client that says nothing', () => {
  test('is said to be waited for, with the reason, and left by Ctrl-C: it is killed, for it may be stopped', async () => {
    const { machine, terminal, pty, shown, settle } = setUp();
    await machine.advance(3000);
    expect(shown()).toContain(`tmux does not answer.\r\n${waits}`);
    terminal.type('\x03');
    expect(await settle()).toBeNull();
    expect(pty.endedBy).toBe('SIGKILL');
  });

  test('is left by Ctrl-B D, in one piece or two, whether anything was said or not', async () => {
    for (const keys of [['\x02d'], ['\x02', 'd']]) {
      const { machine, terminal, pty, print, settle } = setUp();
      print('\x1b[Ha screen');
      for (const key of keys) terminal.type(key);
      expect(pty.written.join('')).toBe('\x02d');
      await machine.advance(2000);
      expect(await settle()).toBeNull();
    }
  });

  test('is no client that answers although its terminal echoes the keys', async () => {
    const { machine, terminal, shown, print, settle } = setUp();
    print('^M');
    await machine.advance(3000);
    expect(shown()).toContain(waits);
    terminal.type('\x02');
    print('^B');
    terminal.type('d');
    print('d');
    await machine.advance(2000);
    expect(await settle()).toBeNull();
  });

  test('is left where its server has let the terminal go and it does not end: it was stopped', async () => {
    const { machine, pty, print, settle } = setUp();
    print('\x1b[Ha screen');
    print('\x1b[?1049l\x1b[?25h');
    await machine.advance(1999);
    expect(pty.ended).toBe(false);
    await machine.advance(1);
    expect(await settle()).toBeNull();
  });

  test('after keys is said to be waited for, and drawn anew when it speaks again', async () => {
    const { machine, terminal, pty, shown, print } = setUp();
    print('\x1b[Ha screen');
    terminal.type('x');
    await machine.advance(9999);
    expect(shown()).not.toContain(waits);
    await machine.advance(1);
    expect(shown()).toContain(waits);
    print('x');
    expect(pty.sizes).toEqual([
      { columns: 80, rows: 23 },
      { columns: 80, rows: 24 },
    ]);
  });
});

describe('a client that answers', () => {
  test('has Ctrl-C and Ctrl-B D to itself, and nothing is said', async () => {
    const { machine, terminal, pty, shown, print } = setUp();
    print('\x1b[Ha screen');
    for (const key of ['\x03', '\x02', 'd', 'd']) {
      terminal.type(key);
      print('an answer');
    }
    await machine.advance(60_000);
    expect(shown()).not.toContain(waits);
    expect([pty.ended, pty.written.join('')]).toEqual([false, '\x03\x02dd']);
  });

  test('once more after a while of silence has Ctrl-C to itself again', async () => {
    const { machine, terminal, pty, print } = setUp();
    await machine.advance(3000);
    print('\x1b[Ha screen');
    terminal.type('\x03');
    await machine.advance(0);
    expect(pty.ended).toBe(false);
  });
});
