import { expect } from 'vitest';
import { init, initResumed } from '../../src/boot/init.ts';
import type { FakeMachine, Replacement } from '../../src/host/fake-host.ts';
import { settingsFrom } from '../../src/settings/read.ts';
import type { BoxState } from '../../src/state/box-state.ts';
import { goodEnvironment } from './machine.ts';

export interface LogEvent {
  readonly level: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

/** Runs the first half: to its exit code, or to the moment it replaces itself. */
export async function firstHalf(
  machine: FakeMachine,
  env: Readonly<Record<string, string>> = goodEnvironment,
  { pid = 1, task = [] }: { pid?: number; task?: readonly string[] } = {},
): Promise<{ code: number } | Replacement> {
  const host = machine.program({ env, pid });
  const code = init(host, task, ...settingsFrom(host)).then((code) => ({ code }));
  return Promise.race([code, machine.replaced]);
}

/** Runs the second half, with the environment the first one left it. Resolves with the exit code. */
export function secondHalf(machine: FakeMachine, replacement: Replacement): Promise<number> {
  return initResumed(machine.program({ env: replacement.env }));
}

/** Boots until the box is ready.  @returns the exit code to come. */
export async function bootToReady(
  machine: FakeMachine,
  env: Readonly<Record<string, string>> = goodEnvironment,
  task: readonly string[] = [],
): Promise<{ code: Promise<number>; replacement: Replacement }> {
  const replacement = await firstHalf(machine, env, { task });
  if ('code' in replacement) throw new Error(`the first half ended:\n${machine.printed.join('')}`);
  const code = secondHalf(machine, replacement);
  await until(machine, () => stateOf(machine)?.phase !== 'booting');
  expect(stateOf(machine)?.phase, machine.printed.join('')).toBe('ready');
  return { code, replacement };
}

/** Runs both halves of a boot that is to fail.  @returns its exit code. */
export async function bootToEnd(
  machine: FakeMachine,
  env: Readonly<Record<string, string>> = goodEnvironment,
): Promise<number> {
  const first = await firstHalf(machine, env);
  return 'code' in first ? first.code : secondHalf(machine, first);
}

/** Waits for a condition, for at most five seconds. */
export async function until(machine: FakeMachine, condition: () => boolean): Promise<void> {
  const end = Date.now() + 5000;
  while (Date.now() < end) {
    if (condition()) return;
    await new Promise((resolve) => void setImmediate(resolve));
  }
  throw new Error(`never came true; the machine said:\n${machine.printed.join('')}`);
}

export function stateOf(machine: FakeMachine): BoxState | null {
  const text = machine.files.readIfAny('/run/cloister/state.json');
  return text === null ? null : (JSON.parse(text) as BoxState);
}

export function eventsOf(machine: FakeMachine): LogEvent[] {
  return machine.printed.map((line) => JSON.parse(line) as LogEvent);
}

export function failureOf(machine: FakeMachine): LogEvent {
  const failures = eventsOf(machine).filter(({ event }) => event === 'boot.failed');
  expect(failures, machine.printed.join('')).toHaveLength(1);
  return failures[0] as LogEvent;
}
