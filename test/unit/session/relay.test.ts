import { describe, expect, test } from 'vitest';
import { relay } from '../../../src/session/relay.ts';
import { FakePty, FakeTerminal } from './fakes.ts';

function setUp() {
  const [terminal, pty] = [new FakeTerminal(), new FakePty()];
  let drained: () => void = () => {};
  const done = relay(terminal, pty, () => new Promise((resolve) => void (drained = resolve)));
  return { terminal, pty, done, drain: () => drained() };
}

describe('the relay', () => {
  test('passes keys in and the screen out, unchanged', () => {
    const { terminal, pty } = setUp();
    terminal.type('\x1b[A\x03');
    pty.print(Buffer.from([0xff, 0x00, 0x1b]));
    expect(pty.written).toEqual(['\x1b[A\x03']);
    expect(terminal.shown()).toEqual(Buffer.from([0xff, 0x00, 0x1b]));
  });

  test('takes the terminal raw, and gives it back plain', async () => {
    const { terminal, pty, done, drain } = setUp();
    expect(terminal.isRaw).toBe(true);
    pty.exit(3);
    await tick();
    drain();
    expect(await done).toBe(3);
    expect(terminal.isRaw).toBe(false);
  });

  test('resets every mode the session may have left on: mouse, paste, keyboard, alternate screen', async () => {
    const { terminal, pty, done, drain } = setUp();
    pty.exit(0);
    await tick();
    drain();
    await done;
    for (const mode of [
      '?1000l',
      '?1003l',
      '?1006l',
      '?2004l',
      '?1004l',
      '>4;0m',
      '<u',
      '?1049l',
      '?25h',
      '0m',
    ]) {
      expect(terminal.shown().toString()).toContain(`\x1b[${mode}`);
    }
  });

  test('swallows answers the terminal still owes: the operator’s shell must not run them', async () => {
    const { terminal, pty, done, drain } = setUp();
    pty.exit(0);
    await tick();
    expect(terminal.listening).toBe(1);
    terminal.type('\x1b]11;rgb:ffff/ffff/ffff\x07');
    expect(terminal.isRaw).toBe(true);
    drain();
    await done;
    expect(pty.written).toEqual([]);
    expect(terminal.listening).toBe(0);
  });

  test('follows the size of the terminal', () => {
    const { terminal, pty } = setUp();
    terminal.window = { columns: 120, rows: 40 };
    expect(pty.sizes).toEqual([{ columns: 120, rows: 40 }]);
  });

  test('ends its client when the terminal is gone', () => {
    const { terminal, pty } = setUp();
    terminal.hangUp();
    expect(pty.ended).toBe(true);
  });

  test('leaves nothing behind: a resize after the end does not reach the dead pty', async () => {
    const { terminal, pty, done, drain } = setUp();
    pty.exit(0);
    await tick();
    drain();
    await done;
    terminal.window = { columns: 10, rows: 10 };
    terminal.hangUp();
    expect(pty.sizes).toEqual([]);
    expect(pty.ended).toBe(false);
  });
});

function tick(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
