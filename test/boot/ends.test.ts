import { describe, expect, test } from 'vitest';
import type { FakeChild } from '../../src/host/fake-child.ts';
import type { FakeMachine } from '../../src/host/fake-host.ts';
import { bootToReady, eventsOf, firstHalf, secondHalf, stateOf } from './drive.ts';
import { goodEnvironment, makeMachine } from './machine.ts';
import { recordUndo } from './undo.ts';

const childOf = (machine: FakeMachine, word: string) =>
  machine.children.find(({ spec }) => spec.argv.includes(word)) as FakeChild;
const tmuxOf = (machine: FakeMachine) => childOf(machine, '/etc/cloister/tmux.conf');
const taskOf = (machine: FakeMachine) => childOf(machine, '/usr/local/bin/claude');
/** Who was asked to end, in order. */
const endedBy = (machine: FakeMachine) =>
  machine.journal.flatMap(
    (event) => /^signal SIGTERM .*?(cloister\.mjs egress|tmux\.conf -D|ulogd\.conf)$/.exec(event)?.[1] ?? [],
  );

describe('a stop', () => {
  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGQUIT', 131],
    ['SIGPWR', 158],
  ] as const)('by %s ends the session first, then the way out, and exits with %i', async (signal, code) => {
    const machine = makeMachine();
    const box = await bootToReady(machine);
    machine.signal(signal);
    expect(await box.code).toBe(code);
    expect(endedBy(machine)).toEqual(['tmux.conf -D', 'cloister.mjs egress', 'ulogd.conf']);
    expect(machine.journal.join('\n')).not.toMatch(/tables-\S+ .*(-F|-X|-P|--flush)/);
    expect(machine.journal.at(-1)).toBe('end descendants');
  });

  test('that is asked for twice gives nobody time', async () => {
    const machine = makeMachine();
    const box = await bootToReady(machine);
    machine.clock.free = false;
    for (const child of machine.children) child.obedient = false;
    machine.signal('SIGTERM');
    await new Promise((resolve) => void setTimeout(resolve, 20));
    expect(tmuxOf(machine).signals).toEqual(['SIGTERM']);
    machine.signal('SIGTERM');
    expect(await box.code).toBe(143);
    expect(machine.children.map(({ signals }) => signals.at(-1))).toEqual(['SIGKILL', 'SIGKILL', 'SIGKILL']);
  });

  test('that is asked for once gives each its grace', async () => {
    const machine = makeMachine();
    const box = await bootToReady(machine);
    machine.clock.free = false;
    tmuxOf(machine).obedient = false;
    machine.signal('SIGINT');
    await machine.advance(4999);
    expect(tmuxOf(machine).signals).toEqual(['SIGTERM']);
    await machine.advance(1);
    expect(await box.code).toBe(130);
    expect(tmuxOf(machine).signals).toEqual(['SIGTERM', 'SIGKILL']);
  });
});

describe('a signal that came before anybody listened', () => {
  test('ends the boot at its first step', async () => {
    const machine = makeMachine();
    machine.missed.push('SIGTERM');
    expect(await firstHalf(machine)).toEqual({ code: 143 });
    expect(machine.commands).toEqual([]);
  });

  test('while init replaced itself ends the boot as well', async () => {
    const machine = makeMachine();
    const first = await firstHalf(machine);
    machine.missed.push('SIGINT');
    if (!('argv' in first)) throw new Error('no second half');
    expect(await secondHalf(machine, first)).toBe(130);
    expect(machine.children).toEqual([]);
  });
});

describe('signals of other kinds', () => {
  const others = ['SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGVTALRM', 'SIGTSTP', 'SIGCONT', 'SIGIO'] as const;

  test.each(others)('%s ends, halts and starts nothing in a session', async (signal) => {
    const machine = makeMachine();
    await bootToReady(machine);
    machine.signal(signal);
    expect(eventsOf(machine).at(-1)).toMatchObject({ event: 'signal.ignored', signal });
    expect(stateOf(machine)?.phase).toBe('ready');
  });

  test('are handed on to an agent that runs once, as they came; SIGUSR1 and SIGUSR2 are nobody’s', async () => {
    const machine = makeMachine();
    await bootToReady(machine, goodEnvironment, ['-p', 'x']);
    for (const signal of others) machine.signal(signal);
    expect(taskOf(machine).signals).toEqual(['SIGALRM', 'SIGVTALRM', 'SIGTSTP', 'SIGCONT', 'SIGIO']);
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGQUIT'] as const)(
    '%s reaches an agent that runs once as itself, and its answer is the box’s',
    async (signal) => {
      const machine = makeMachine();
      const box = await bootToReady(machine, goodEnvironment, ['-p', 'x']);
      machine.clock.free = false;
      const task = taskOf(machine);
      task.obedient = false;
      machine.signal(signal);
      await machine.advance(10);
      expect(task.signals).toEqual([signal]);
      task.exit(7);
      await machine.advance(10);
      expect(await box.code).toBe(7);
    },
  );
});

describe('an error that nobody catches', () => {
  test('stops a box in order, with 70, and says why', async () => {
    const machine = makeMachine();
    const box = await bootToReady(machine);
    machine.fault(new Error('planted'));
    expect(await box.code).toBe(70);
    expect(endedBy(machine)).toEqual(['tmux.conf -D', 'cloister.mjs egress', 'ulogd.conf']);
    const said = eventsOf(machine);
    expect(said).toContainEqual(
      expect.objectContaining({ event: 'init.fault', level: 'fatal', reason: 'planted' }),
    );
    expect(said.at(-1)).toMatchObject({ event: 'box.stopped', code: 70, whose: 'init' });
    expect(machine.files.readIfAny('/run/cloister/ready')).toBeNull();
  });

  test('during the boot undoes what was made, with 70', async () => {
    const machine = makeMachine();
    const first = await firstHalf(machine);
    if (!('argv' in first)) throw new Error('no second half');
    const undo = recordUndo(machine);
    machine.prepare(/provision-home$/, () => {
      machine.fault(new Error('planted'));
      return new Promise(() => {});
    });
    expect(await secondHalf(machine, first)).toBe(70);
    expect(undo).toEqual(['remove /run/cloister/agent', 'end cloister.mjs egress', 'end ulogd.conf']);
    expect(eventsOf(machine).find(({ event }) => event === 'boot.failed')).toMatchObject({
      step: 'agent',
      message: expect.stringContaining('planted'),
      remedy: expect.stringContaining('report it'),
    });
  });

  test('while the agent runs once is not answered with the agent’s code', async () => {
    const machine = makeMachine();
    const box = await bootToReady(machine, goodEnvironment, ['-p', 'x']);
    machine.fault('no error at all');
    expect(await box.code).toBe(70);
    expect(taskOf(machine).signals).toEqual(['SIGTERM']);
  });

  test('a second one hurries the stop that the first began', async () => {
    const machine = makeMachine();
    const box = await bootToReady(machine);
    machine.clock.free = false;
    for (const child of machine.children) child.obedient = false;
    machine.fault(new Error('one'));
    machine.fault(new Error('two'));
    expect(await box.code).toBe(70);
    expect(machine.children.every(({ ended }) => ended)).toBe(true);
  });
});
