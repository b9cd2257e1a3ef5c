import { describe, expect, test } from 'vitest';
import { relay } from '../../../src/terminal/relay.ts';
import { begin } from '../../../src/terminal/terminal-modes.ts';
import { FakePty, FakeTerminal } from './fakes.ts';

const identify = '\x1b[c';
const copy = '\x1b]52;;bHM=\x07';

function setUp() {
  const [terminal, pty] = [new FakeTerminal(), new FakePty()];
  const clock = { time: 0, wake: () => {} };
  const done = relay(terminal, pty, {
    uptime: () => clock.time,
    sleep: () =>
      new Promise((resolve) => {
        clock.wake = resolve;
      }),
  });
  const shown = () => terminal.shown().toString('latin1').replace(begin, '');
  const print = (text: string) => pty.print(Buffer.from(text, 'latin1'));
  return { terminal, pty, done, clock, shown, print, drain: () => clock.wake() };
}

describe('the relay', () => {
  test('passes keys in unchanged, whatever they are', () => {
    const { terminal, pty } = setUp();
    terminal.type('\x1b[A\x03\x1b[1;2R\x1b]');
    expect(pty.written).toEqual(['\x1b[A\x03\x1b[1;2R\x1b]']);
  });

  test('lets nothing of the agent’s out but what a screen is drawn with', () => {
    const { shown, print } = setUp();
    print('\x1b[1mtext\x1b[6n\x1b]52;c;?\x07\xff\x05');
    print('\x1b[5');
    print('n\x1b[0m');
    expect(shown()).toBe('\x1b[1mtext\x1b[0m');
  });

  test('answers itself, and once only, which terminal this is', () => {
    const { pty, shown, print } = setUp();
    print(`${identify}${identify}`);
    print(identify);
    expect(pty.written).toEqual(['\x1b[?62c']);
    expect(shown()).toBe('');
  });

  test('lets the clipboard be written while somebody is at the keys, and by nobody in the night', () => {
    const { terminal, clock, shown, print } = setUp();
    print(copy);
    expect(shown()).toBe('');
    terminal.type('y');
    clock.time = 4000;
    print(copy);
    expect(shown()).toBe(copy);
    clock.time = 6000;
    print(copy);
    expect(shown()).toBe(copy);
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

  test('undoes every mode and setting that passes, before it says anything else', async () => {
    const { pty, done, drain, shown } = setUp();
    pty.exit(0);
    await tick();
    drain();
    await done;
    for (const mode of [1000, 1002, 1003, 1005, 1006, 1004, 2004, 2026, 1, 47, 1047, 1049]) {
      expect(shown()).toContain(`\x1b[?${mode}l`);
    }
    for (const undone of [
      '[>4;0m',
      '>',
      '(B',
      ')B',
      '[r',
      '[?7h',
      '[?25h',
      '[0 q',
      ']112\x07',
      ']8;;\x1b\\',
    ]) {
      expect(shown()).toContain(`\x1b${undone}`);
    }
  });

  test('keeps the title of the operator’s window, and puts it back', async () => {
    const { terminal, pty, done, drain } = setUp();
    expect(terminal.shown().toString()).toBe('\x1b[22;0;0t');
    pty.exit(0);
    await tick();
    drain();
    await done;
    expect(terminal.shown().toString()).toContain('\x1b[23;0;0t');
  });

  test('waits no longer than for the terminal’s word that it sent everything', async () => {
    const { terminal, pty, done, shown } = setUp();
    pty.exit(0);
    await tick();
    expect(shown()).toSatisfy((text: string) => text.endsWith('\x1b[5n'));
    terminal.type('\x1b[<35;10;10M\x1b[');
    expect(terminal.isRaw).toBe(true);
    terminal.type('0nx');
    await done;
    expect(terminal.isRaw).toBe(false);
    expect(pty.written).toEqual([]);
  });

  test('leaves whoever listens next alone, once the terminal has answered', async () => {
    const { terminal, pty, done, drain } = setUp();
    pty.exit(0);
    await new Promise(setImmediate);
    terminal.type('\x1b[0n');
    await done;
    let heard = '';
    terminal.onInput((bytes) => {
      heard += bytes.toString();
    });
    drain();
    await new Promise(setImmediate);
    terminal.type('\r');
    expect(heard).toBe('\r');
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
