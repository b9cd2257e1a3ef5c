import { selfTestAddresses, selfTestName } from '../checks/protocol.ts';
import type { Log } from '../core/log.ts';
import { Paths } from '../core/paths.ts';
import type { Host } from '../host/host.ts';
import type { PacketRefusal } from '../network/firewall/packet-log.ts';
import type { Report } from '../network/protocol.ts';
import { type AuditEntry, renderAuditEntry } from '../policy/audit-entry.ts';
import type { Failure, Refusal } from '../policy/refusal.ts';
import { describeFailure, describeRefusal } from '../policy/refusal-text.ts';
import type { Remedy } from '../policy/remedy.ts';
import { makeJournal } from './audit-file.ts';
import { makePair } from './audit-pace.ts';

const mostBytes = 256 * 1024;

/** A refusal as it was seen; the kernel's firewall knows the protocol and the decimal user id as well. */
export type Seen = Refusal & Partial<Pick<PacketRefusal, 'protocol' | 'user'>>;

export interface Recorder {
  /** Takes what the egress process saw. */
  report(report: Report): void;
  refused(seen: Seen, count?: number): void;
  /** Takes refusals of which nothing is known but their number. */
  refusedMore(count: number): void;
  failed(failure: Failure, count?: number): void;
  /** Another list is in force: what was missed of the one before may be allowed now. */
  listChanged(): void;
  /** Tells of a bound that the agent has reached, in one sentence; the log has an event of its own for each. */
  limited(text: string): void;
  /** Tells what still waits to be told. */
  flush(): Promise<void>;
}

export interface RecorderParts {
  readonly host: Host;
  readonly log: Log;
  /** @returns what would allow it. It may have to be loaded first. */
  readonly remedyFor: (refusal: Seen) => Promise<Remedy>;
  /** Hears both totals since the boot, and which sets were missed, at most once a second. */
  readonly changed: (totals: Totals) => void;
}

interface Totals {
  readonly refused: number;
  readonly failed: number;
  /** Names of the sets that hold what was refused since the list changed last. */
  readonly sets: readonly string[];
}

/** Tells every refusal and every failure: an event in the log, a line in the files, a total. No count is lost. */
export function makeRecorder(parts: RecorderParts): Recorder {
  const totals = { refused: 0, failed: 0, sets: new Set<string>() };
  const post = makePoster(parts, totals);
  const write = makeWriter(parts);
  const missed = (set: string | null) => {
    if (set === null || totals.sets.has(set)) return;
    totals.sets.add(set);
    post();
  };
  const refusals = makeRefusals(parts, write, missed);
  const failures = makeFailures(parts, write);
  const recorder = {
    refused: (seen: Seen, count = 1) => {
      if (isSelfTest(seen)) {
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
    limited: (text) => write.refusal({ kind: 'limited', count: 1, text }),
    report: (report) => {
      for (const { count, ...refusal } of report.refusals) recorder.refused(refusal, count);
      for (const { count, ...failure } of report.failures) recorder.failed(failure, count);
      recorder.refusedMore(report.more.refusals);
      totals.failed += report.more.failures;
      failures.addRest(report.more.failures);
      post();
    },
    listChanged: () => {
      totals.sets.clear();
      post();
    },
    flush: async () => {
      await Promise.all([refusals.flush(), failures.flush()]);
    },
  };
}

function makeRefusals(parts: RecorderParts, write: Writer, missed: (set: string | null) => void) {
  return makePair<Seen>(parts.host, {
    keyOf: ({ via, reason, name, address, port, protocol, user }) =>
      [via, reason, name, address, port, protocol, user].join(' '),
    logged: async (seen, count) => {
      const { rule, set } = await parts.remedyFor(seen);
      missed(set);
      parts.log.event('warn', 'egress.refused', { ...seen, count, rule, set });
    },
    loggedRest: (count) => parts.log.event('warn', 'egress.refused.more', { count }),
    filed: async (seen, count) => {
      const told = { kind: 'refused' as const, ...seen, ...(await parts.remedyFor(seen)) };
      write.refusal({ ...told, count, text: describeRefusal(seen, count) });
    },
    filedRest: (count) => write.refusal({ kind: 'more', count, text: `${count} more refused` }),
  });
}

function makeFailures(parts: RecorderParts, write: Writer) {
  return makePair<Failure>(parts.host, {
    keyOf: ({ via, trouble, name, port }) => [via, trouble, name, port].join(' '),
    logged: (failure, count) => parts.log.event('warn', 'egress.failed', { ...failure, count }),
    loggedRest: (count) => parts.log.event('warn', 'egress.failed.more', { count }),
    filed: ({ detail: _, ...failure }, count) => {
      const text = describeFailure({ ...failure, detail: '' }, count);
      write.failure({ kind: 'failed', ...failure, count, text });
    },
    filedRest: (count) => write.failure({ kind: 'more', count, text: `${count} more failed` }),
  });
}

/** The box attacks itself at every boot, and that is nobody's attempt. */
function isSelfTest({ name, address }: Seen): boolean {
  return (
    name === selfTestName || (address !== null && Object.values<string>(selfTestAddresses).includes(address))
  );
}

/** What a line holds beside its number and its time. */
type Line = AuditEntry extends infer One
  ? One extends AuditEntry
    ? Omit<One, 'sequence' | 'time'>
    : never
  : never;

type Writer = ReturnType<typeof makeWriter>;

function makeWriter({ host }: RecorderParts) {
  const files = {
    text: makeJournal(host, Paths.refusals, mostBytes),
    refusals: makeJournal(host, Paths.refusalsJson, mostBytes),
    failures: makeJournal(host, Paths.failuresJson, mostBytes),
  };
  let sequence = 0;
  const numbered = (line: Line): AuditEntry => {
    sequence += 1;
    return { sequence, time: new Date(host.now()).toISOString(), ...line } as AuditEntry;
  };
  return {
    refusal: (line: Line) => {
      const told = numbered(line);
      files.refusals.append(JSON.stringify(told));
      files.text.append(renderAuditEntry(told));
    },
    failure: (line: Line) => files.failures.append(JSON.stringify(numbered(line))),
  };
}

function makePoster(
  { host, changed }: RecorderParts,
  totals: Omit<Totals, 'sets'> & { readonly sets: ReadonlySet<string> },
) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    void host.sleep(1000).then(() => {
      waiting = false;
      changed({ ...totals, sets: [...totals.sets].sort() });
    });
  };
}
