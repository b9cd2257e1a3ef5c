import { proofAddresses, proofName } from '../core/finding.ts';
import type { Log } from '../core/log.ts';
import { Paths } from '../core/paths.ts';
import type { Failure, Refusal } from '../core/refusal.ts';
import { renderTold, type Told } from '../core/told.ts';
import { describeFailure, describeRefusal } from '../core/words.ts';
import type { Host } from '../host/host.ts';
import type { WallRefusal } from '../network/firewall/wall-log.ts';
import type { Report } from '../network/link.ts';
import { makeJournal } from './journal.ts';
import { makeThrottle, type Throttle } from './throttle.ts';

/** Milliseconds in which the log tells the same refusal once, and how many events it tells a second. */
export const logPace = { window: 10_000, rate: 20 };
/** The files are what the agent is told from, tool call by tool call: the same again is news much sooner. */
export const filePace = { window: 1000, rate: 20 };
const mostBytes = 256 * 1024;

/** A refusal as it was seen; the kernel's wall knows the protocol and the decimal user id as well. */
export type Seen = Refusal & Partial<Pick<WallRefusal, 'protocol' | 'user'>>;

export interface Recorder {
  /** Takes what the egress process saw. */
  report(report: Report): void;
  refused(seen: Seen, count?: number): void;
  /** Takes refusals of which nothing is known but their number. */
  refusedMore(count: number): void;
  failed(failure: Failure, count?: number): void;
  /** Tells what still waits to be told. */
  flush(): Promise<void>;
}

export interface RecorderParts {
  readonly host: Host;
  readonly log: Log;
  /** @returns the rule that would allow it, or null. It may have to be loaded first. */
  readonly ruleFor: (refusal: Seen) => Promise<string | null>;
  /** Hears both totals since the boot, at most once a second. */
  readonly changed: (totals: { refused: number; failed: number }) => void;
}

/** Tells every refusal and every failure: an event in the log, a line in the files, a total. No count is lost. */
export function makeRecorder(parts: RecorderParts): Recorder {
  const totals = { refused: 0, failed: 0 };
  const post = makePoster(parts, totals);
  const write = makeWriter(parts);
  const refusals = makePair<Seen>(parts, {
    keyOf: ({ via, reason, name, address, port, protocol, user }) =>
      [via, reason, name, address, port, protocol, user].join(' '),
    logged: async (seen, count) => {
      const rule = await parts.ruleFor(seen);
      parts.log.event('warn', 'egress.refused', { ...seen, count, rule });
    },
    loggedRest: (count) => parts.log.event('warn', 'egress.refused.more', { count }),
    filed: async (seen, count) => {
      const told = { kind: 'refused' as const, ...seen, rule: await parts.ruleFor(seen) };
      write.refusal({ ...told, count, text: describeRefusal(seen, count) });
    },
    filedRest: (count) => write.refusal({ kind: 'more', count, text: `${count} more refused` }),
  });
  const failures = makePair<Failure>(parts, {
    keyOf: ({ via, trouble, name, port }) => [via, trouble, name, port].join(' '),
    logged: (failure, count) => parts.log.event('warn', 'egress.failed', { ...failure, count }),
    loggedRest: (count) => parts.log.event('warn', 'egress.failed.more', { count }),
    filed: ({ detail: _, ...failure }, count) => {
      const text = describeFailure({ ...failure, detail: '' }, count);
      write.failure({ kind: 'failed', ...failure, count, text });
    },
    filedRest: (count) => write.failure({ kind: 'more', count, text: `${count} more failed` }),
  });
  const recorder = {
    refused: (seen: Seen, count = 1) => {
      if (isProof(seen)) {
        parts.log.event('debug', 'egress.refused', { ...seen, count });
        return;
      }
      totals.refused += count;
      refusals.add(seen, count);
      post();
    },
    refusedMore: (count: number) => {
      if (count === 0) return;
      totals.refused += count;
      refusals.addRest(count);
      post();
    },
    failed: (failure: Failure, count = 1) => {
      totals.failed += count;
      failures.add(failure, count);
      post();
    },
  };
  return {
    ...recorder,
    report: (report) => {
      for (const { count, ...refusal } of report.refusals) recorder.refused(refusal, count);
      for (const { count, ...failure } of report.failures) recorder.failed(failure, count);
      recorder.refusedMore(report.more.refusals);
      totals.failed += report.more.failures;
      failures.addRest(report.more.failures);
      post();
    },
    flush: async () => {
      await Promise.all([refusals.flush(), failures.flush()]);
    },
  };
}

/** The box attacks itself at every boot, and that is nobody's attempt. */
function isProof({ name, address }: Seen): boolean {
  return name === proofName || (address !== null && Object.values<string>(proofAddresses).includes(address));
}

interface Telling<Item> {
  readonly keyOf: (item: Item) => string;
  readonly logged: (item: Item, count: number) => unknown;
  readonly loggedRest: (count: number) => void;
  readonly filed: (item: Item, count: number) => unknown;
  readonly filedRest: (count: number) => void;
}

/** Tells the log and the files, each at its own pace and each in order. */
function makePair<Item>({ host }: RecorderParts, telling: Telling<Item>) {
  let told: Promise<unknown> = Promise.resolve();
  const inTurn = (tell: () => unknown) => {
    told = told.then(tell).catch(() => {});
  };
  const throttle = (
    pace: typeof logPace,
    tell: (item: Item, count: number) => unknown,
    tellRest: (count: number) => void,
  ): Throttle<Item> =>
    makeThrottle({
      ...pace,
      keyOf: telling.keyOf,
      now: host.uptime,
      sleep: host.sleep,
      tell: (item, count) => inTurn(() => tell(item, count)),
      tellRest: (count) => inTurn(() => tellRest(count)),
    });
  const both = [
    throttle(filePace, telling.filed, telling.filedRest),
    throttle(logPace, telling.logged, telling.loggedRest),
  ];
  return {
    add: (item: Item, count: number) => {
      for (const one of both) one.add(item, count);
    },
    addRest: (count: number) => {
      for (const one of both) one.addRest(count);
    },
    flush: () => {
      for (const one of both) one.flush();
      return told;
    },
  };
}

/** What a line holds beside its number and its time. */
type Line = Told extends infer One ? (One extends Told ? Omit<One, 'sequence' | 'time'> : never) : never;

function makeWriter({ host }: RecorderParts) {
  const files = {
    text: makeJournal(host, Paths.refusals, mostBytes),
    refusals: makeJournal(host, Paths.refusalsJson, mostBytes),
    failures: makeJournal(host, Paths.failuresJson, mostBytes),
  };
  let sequence = 0;
  const numbered = (line: Line): Told => {
    sequence += 1;
    return { sequence, time: new Date(host.now()).toISOString(), ...line } as Told;
  };
  return {
    refusal: (line: Line) => {
      const told = numbered(line);
      files.refusals.append(JSON.stringify(told));
      files.text.append(renderTold(told));
    },
    failure: (line: Line) => files.failures.append(JSON.stringify(numbered(line))),
  };
}

function makePoster({ host, changed }: RecorderParts, totals: { refused: number; failed: number }) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    void host.sleep(1000).then(() => {
      waiting = false;
      changed({ ...totals });
    });
  };
}
