import { chainOf } from '../core/errors.ts';
import { ExitCode } from '../core/exit-codes.ts';
import type { Log } from '../core/log.ts';
import type { Host } from '../host/host.ts';
import {
  difference,
  inForce,
  type ListInForce,
  type LiveList,
  withAllowed,
  withDenied,
  withoutExpired,
} from '../policy/live-list.ts';
import { type Denial, type Rule, renderDenial, renderRule, type SourcedRule } from '../policy/rule.ts';

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

export interface PolicyStoreParts {
  readonly host: Host;
  readonly log: Log;
  readonly base: readonly SourcedRule[];
  readonly readBase: () => Promise<ReadBase>;
  /** @returns the rule, or why the text is none. */
  readonly parseRule: (text: string) => Promise<Rule | string>;
  /** @returns why this rule can't be allowed, whoever wants it, or null. */
  readonly reserved: (rule: Rule) => string | null;
  /** @returns what of the box stops working with a denial, a sentence each. */
  readonly neededBy: (denial: Denial) => readonly string[];
  /** Puts a list in force, whole. Where it rejects, the one before stays in force. */
  readonly apply: (list: ListInForce) => Promise<void>;
}

export interface PolicyStore {
  readonly inForce: ListInForce;
  /** @param time milliseconds, or null until the next boot. */
  allow(text: string, time: number | null): Promise<ControlReply>;
  deny(text: string): Promise<ControlReply>;
  reload(): Promise<ControlReply>;
  describe(): Promise<ControlReply>;
}

const hiding =
  'Which name it asks of that server, a program may hide from the box: docs/network.md, "Browsers", has the risk.';

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
        const rule = await parseAllowable(parts, text);
        if (typeof rule === 'string') return invalid(rule);
        const until = time === null ? null : host.uptime() + time;
        const next = withAllowed(list, { rule, until });
        if (typeof next === 'string') return invalid(next);
        const failed = await change('allow', next, { rule: renderRule(rule), until: timeOf(host, until) });
        if (failed !== null) return failed;
        if (until !== null) void expire(until);
        return { code: ExitCode.ok, text: describeAllowed(rule, timeOf(host, until), list.base) };
      }),
    deny: (text) =>
      inTurn(async () => {
        const rule = await parts.parseRule(text);
        if (typeof rule === 'string') return invalid(rule);
        const denial = denialOf(rule, text);
        const failed = await change('deny', withDenied(list, denial), { rule: renderDenial(denial) });
        if (failed !== null) return failed;
        const told = [`${renderDenial(denial)} is denied until the next boot.`, ...parts.neededBy(denial)];
        return { code: ExitCode.ok, text: told.join('\n') };
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
  };
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

async function parseAllowable(
  { parseRule, reserved }: PolicyStoreParts,
  text: string,
): Promise<Rule | string> {
  const rule = await parseRule(text);
  return typeof rule === 'string' ? rule : (reserved(rule) ?? rule);
}

/** Without a port in the text every port is denied. */
function denialOf({ name, wildcard, port }: Rule, text: string): Denial {
  return { name, wildcard, port: text.includes(':') ? port : null };
}

function refuseFaults(log: Log, faults: readonly string[]): ControlReply {
  log.event('error', 'rules.invalid', { faults });
  return invalid(['Nothing was changed:', ...faults].join('\n'));
}

function invalid(text: string): ControlReply {
  return { code: ExitCode.settings, text };
}

function describeAllowed(rule: Rule, until: string | null, base: readonly SourcedRule[]): string {
  const standing = base.find((other) => renderRule(other.rule) === renderRule(rule));
  if (standing !== undefined) return `${renderRule(rule)} is allowed by ${standing.source} already.`;
  const allowed = `${renderRule(rule)} is allowed until ${until ?? 'the next boot'}.`;
  return rule.ech === true ? `${allowed}\n${hiding}` : allowed;
}

function describeReload({ added, removed }: ReturnType<typeof difference>): string {
  if (added.length + removed.length === 0) return 'The files were read; no rule has changed.';
  const lines = [...added.map((rule) => `+ ${rule}`), ...removed.map((rule) => `- ${rule}`)];
  return ['The files were read:', ...lines].join('\n');
}

function describeList(host: Host, { base, allowed, denied }: LiveList): Pick<ControlReply, 'text' | 'data'> {
  const rules = [
    ...base.map(({ rule, source }) => ({ rule: renderRule(rule), source, until: null })),
    ...allowed.map(({ rule, until }) => ({
      rule: renderRule(rule),
      source: 'cloister allow',
      until: timeOf(host, until),
    })),
  ];
  const denials = denied.map(renderDenial);
  const lines = [
    ...rules.map(
      ({ rule, source, until }) => `${rule.padEnd(40)} ${source}${until === null ? '' : `, until ${until}`}`,
    ),
    ...denials.map((denial) => `${denial.padEnd(40)} cloister deny: denied`),
  ];
  return { text: lines.join('\n'), data: { rules, denied: denials } };
}

/** @returns when that uptime is, by the clock as it is set now. */
function timeOf(host: Host, uptime: number | null): string | null {
  return uptime === null ? null : new Date(host.now() + uptime - host.uptime()).toISOString();
}

function printable(text: string): string {
  return text.slice(0, 1000).replace(/[^\x20-\x7e]/g, '?');
}
