import { prettyFactory } from 'pino-pretty';
import { helpOf } from '../policy/audit-entry.ts';
import { parseFailure, parseRefusal } from '../policy/refusal.ts';
import { describeFailure, describeRefusal } from '../policy/refusal-text.ts';

/** @returns a function from one JSON log line to one for people. */
export function makePretty(colour: boolean): (line: string) => string {
  const format = prettyFactory({
    colorize: colour,
    translateTime: 'SYS:HH:MM:ss',
    hideObject: true,
    messageFormat: (entry) => sentence(entry),
  });
  return (line) => format(line) ?? '';
}

function sentence(entry: Readonly<Record<string, unknown>>): string {
  const { level: _, time: __, event, step, duration, detail, message, remedy, ...rest } = entry;
  if (event === 'boot.step') return `${step} (${duration} ms)${detail === '' ? '' : `: ${detail}`}`;
  if (event === 'boot.failed')
    return `boot failed at ${step}: ${message}${remedy === '' ? '' : `\n${remedy}`}`;
  const told = event === 'egress.refused' || event === 'egress.failed' ? toldOf(entry) : null;
  if (told !== null) return told;
  if (event === 'clone.progress') return `cloning: ${detail}`;
  if (event === 'boot.ready') return `ready after ${duration} ms`;
  const more = Object.entries({ step, duration, detail, message, remedy, ...rest })
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return [event, ...more].join(' ');
}

/** @returns what was refused or failed in words, or null for an entry of another shape. */
function toldOf(entry: Readonly<Record<string, unknown>>): string | null {
  const [refusal, failure, count] = [parseRefusal(entry), parseFailure(entry), Number(entry.count)];
  const [rule, set] = [entry.rule, entry.set].map((value) => (typeof value === 'string' ? value : null));
  if (refusal !== null)
    return `${describeRefusal(refusal, count)}; ${helpOf({ rule: rule ?? null, set: set ?? null, reason: refusal.reason })}`;
  return failure === null ? null : describeFailure(failure, count);
}
