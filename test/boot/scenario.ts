import { expect } from 'vitest';
import type { FakeMachine } from '../../src/host/fake-host.ts';
import { eventsOf, firstHalf, type LogEvent, secondHalf, stateOf, until } from './drive.ts';
import { goodEnvironment, type MachineOptions, makeMachine } from './machine.ts';

/** What a phase has to leave behind. Of lists, these entries in this order, others may stand between. */
export interface Want {
  readonly journal?: readonly (string | RegExp)[];
  readonly events?: readonly Partial<LogEvent>[];
  /** Files by path: a part of their text, or null for a file that must not be there. */
  readonly files?: Readonly<Record<string, string | RegExp | null>>;
  readonly phase?: string;
  readonly exit?: number;
}

export interface Phase {
  readonly title: string;
  readonly do: (run: Run) => Promise<unknown> | unknown;
  readonly want: Want;
}

export interface Scenario {
  readonly title: string;
  readonly machine?: MachineOptions;
  readonly env?: Readonly<Record<string, string>>;
  readonly phases: readonly Phase[];
}

/** One box on its way through a scenario. */
export class Run {
  readonly machine: FakeMachine;
  readonly env: Readonly<Record<string, string>>;
  exit: number | null = null;

  constructor(scenario: Scenario) {
    this.machine = makeMachine(scenario.machine);
    this.env = { ...goodEnvironment, ...scenario.env };
  }

  async firstHalf(): Promise<void> {
    const end = await firstHalf(this.machine, this.env);
    if ('code' in end) this.exit = end.code;
  }

  async secondHalf(): Promise<void> {
    const code = secondHalf(this.machine, await this.machine.replaced);
    void code.then((value) => {
      this.exit = value;
    });
    await until(this.machine, () => this.exit !== null || stateOf(this.machine)?.phase === 'ready');
  }

  async signal(name: NodeJS.Signals): Promise<void> {
    this.machine.signal(name);
    await until(this.machine, () => this.exit !== null);
  }
}

export async function play(scenario: Scenario): Promise<void> {
  const run = new Run(scenario);
  const seen = { journal: 0, printed: 0 };
  for (const phase of scenario.phases) {
    await phase.do(run);
    const journal = run.machine.journal.slice(seen.journal);
    const events = eventsOf(run.machine).slice(seen.printed);
    Object.assign(seen, { journal: run.machine.journal.length, printed: run.machine.printed.length });
    expectPhase(run, phase, { journal, events });
  }
  expect(run.machine.unprepared).toEqual([]);
}

function expectPhase(
  run: Run,
  { title, want }: Phase,
  seen: { journal: string[]; events: LogEvent[] },
): void {
  inOrder(want.journal ?? [], seen.journal, title, (wanted, found) =>
    typeof wanted === 'string' ? found === wanted : wanted.test(found),
  );
  inOrder(want.events ?? [], seen.events, title, (wanted, found) =>
    Object.entries(wanted).every(([key, value]) => found[key] === value),
  );
  for (const [path, text] of Object.entries(want.files ?? {})) {
    const there = run.machine.files.readIfAny(path);
    if (text === null) expect(there, `${title}: ${path}`).toBeNull();
    else expect(there, `${title}: ${path}`).toMatch(text);
  }
  if (want.phase !== undefined) expect(stateOf(run.machine)?.phase, title).toBe(want.phase);
  expect(run.exit, `${title}: exit code`).toBe(want.exit ?? null);
}

function inOrder<Wanted, Found>(
  wanted: readonly Wanted[],
  found: readonly Found[],
  title: string,
  matches: (wanted: Wanted, found: Found) => boolean,
): void {
  let at = 0;
  for (const one of wanted) {
    const hit = found.findIndex((other, index) => index >= at && matches(one, other));
    const shown = one instanceof RegExp ? String(one) : JSON.stringify(one);
    expect(
      hit,
      `${title}: no ${shown} after entry ${at} of\n${found.map((x) => JSON.stringify(x)).join('\n')}`,
    ).not.toBe(-1);
    at = hit + 1;
  }
}
