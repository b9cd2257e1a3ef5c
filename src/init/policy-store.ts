import { chainOf } from '../core/errors.ts';
import { ExitCode } from '../core/exit-codes.ts';
import type { Log } from '../core/log.ts';
import type { Host } from '../host/host.ts';
import { difference, inForce, type ListInForce, type LiveList, withoutExpired } from '../policy/live-list.ts';
import type { Denial, SourcedRule } from '../policy/rule.ts';
import {
  describeAllowed,
  describeDenied,
  describeList,
  describeReload,
  describeSets,
  timeOf,
} from './describe-list.ts';
import { findStanding, type NamingParts, parseAllowed, parseDenied } from './named-rules.ts';

/** What an operator is told, and the exit code of his command. */
export interface ControlReply {
  readonly code: number;
  readonly text: string;
  /** The same for programs, where there is more than the text. */
  readonly data?: unknown;
}

/** What the files hold now: the rules, or a sentence with file and line for each fault. */
export interface ReadBase {
  readonly base: readonly SourcedRule[];
  readonly faults: readonly string[];
}

export interface PolicyStoreParts extends NamingParts {
  readonly host: Host;
  readonly log: Log;
  readonly base: readonly SourcedRule[];
  readonly readBase: () => Promise<ReadBase>;
  /** @returns what of the box stops working with a denial, a sentence each. */
  readonly neededBy: (denial: Denial) => readonly string[];
  /** Puts a list in force, whole. Where it rejects, the one before stays in force. */
  readonly apply: (list: ListInForce) => Promise<void>;
}

export interface PolicyStore {
  readonly inForce: ListInForce;
  /**
   * @param text a rule, or `@` and a set's name.
   * @param time milliseconds, or null until the next boot.
   */
  allow(text: string, time: number | null): Promise<ControlReply>;
  deny(text: string): Promise<ControlReply>;
  reload(): Promise<ControlReply>;
  describe(): Promise<ControlReply>;
  describeSets(): Promise<ControlReply>;
}

/** Milliseconds until a list that could not be put in force after an allowance's end is tried again. */
const pause = 10_000;
/** A timer can't sleep for longer than 24 days. */
const longestSleep = 86_400_000;

/** The list in force and every change of it, one after another. */
export function makePolicyStore(parts: PolicyStoreParts): PolicyStore {
  const { host, log } = parts;
  let list: LiveList = { base: parts.base, allowed: [], denied: [] };
  const inTurn = makeTurns();
  const change = async (how: string, next: LiveList, fields: Record<string, unknown> = {}) => {
    const changes = difference(list, next);
    const reason = await parts.apply(inForce(next)).then(() => null, chainOf);
    if (reason !== null) {
      log.event('error', 'rules.failed', { how, ...fields, reason });
      return { code: ExitCode.failed, text: `Nothing was changed: ${printable(reason)}` };
    }
    list = next;
    log.event('info', 'rules.changed', { how, ...fields, ...changes });
    return null;
  };
  const expire = async (until: number) => {
    await sleepUntil(host, until);
    const next = withoutExpired(list, host.uptime());
    if (next.allowed.length === list.allowed.length) return;
    if ((await inTurn(() => change('expired', withoutExpired(list, host.uptime())))) === null) return;
    await host.sleep(pause);
    await expire(until);
  };
  return {
    get inForce() {
      return inForce(list);
    },
    allow: (text, time) =>
      inTurn(async () => {
        const until = time === null ? null : host.uptime() + time;
        const allowed = await parseAllowed(parts, text, { list, until });
        if (typeof allowed === 'string') return invalid(allowed);
        const end = timeOf(host, until);
        const failed = await change('allow', allowed.list, { rule: allowed.label, until: end });
        if (failed !== null) return failed;
        if (until !== null) void expire(until);
        const standing = findStanding(list.base, allowed.rules);
        return { code: ExitCode.ok, text: describeAllowed(allowed, end, standing) };
      }),
    deny: (text) =>
      inTurn(async () => {
        const denied = await parseDenied(parts, text, list);
        if (typeof denied === 'string') return invalid(denied);
        const failed = await change('deny', denied.list, { rule: denied.label });
        if (failed !== null) return failed;
        return { code: ExitCode.ok, text: describeDenied(denied, parts.neededBy) };
      }),
    reload: () =>
      inTurn(async () => {
        const { base, faults } = await parts.readBase();
        if (faults.length > 0) return refuseFaults(log, faults);
        const next = { ...list, base };
        const changes = difference(list, next);
        return (await change('reload', next)) ?? { code: ExitCode.ok, text: describeReload(changes) };
      }),
    describe: () => inTurn(async () => ({ code: ExitCode.ok, ...describeList(host, list) })),
    describeSets: () => inTurn(() => answerSets(parts, list)),
  };
}

async function answerSets({ readSets }: PolicyStoreParts, list: LiveList): Promise<ControlReply> {
  const { sets, faults } = await readSets();
  if (faults.length > 0) return invalid(faults.join('\n'));
  return { code: ExitCode.ok, ...describeSets(list, sets) };
}

/** @returns a function that starts each work when the one before it is over, however that ended. */
function makeTurns() {
  let last: Promise<unknown> = Promise.resolve();
  return <Result>(work: () => Promise<Result>): Promise<Result> => {
    const done = last.then(work);
    last = done.catch(() => {});
    return done;
  };
}

async function sleepUntil(host: Host, until: number): Promise<void> {
  while (host.uptime() < until) await host.sleep(Math.min(until - host.uptime(), longestSleep));
}

function refuseFaults(log: Log, faults: readonly string[]): ControlReply {
  log.event('error', 'rules.invalid', { faults });
  return invalid(['Nothing was changed:', ...faults].join('\n'));
}

function invalid(text: string): ControlReply {
  return { code: ExitCode.settings, text };
}

function printable(text: string): string {
  return text.slice(0, 1000).replace(/[^\x20-\x7e]/g, '?');
}
