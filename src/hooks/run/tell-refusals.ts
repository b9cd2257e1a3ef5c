import { Paths } from '../../core/paths.ts';
import type { ShortHost } from '../../host/host.ts';
import { parseAuditEntries } from '../../policy/audit-entry.ts';
import { chooseLimits, chooseNews, keyOf, parseLooked, parseToolEvent, renderAnswer } from '../refusals.ts';
import { findShort } from './look-at-room.ts';

/** Tells the session what was refused, and what has run short, since its last look; as the agent, in its own place. */
export function tellRefusals(host: ShortHost, input: string): string {
  const event = parseToolEvent(input);
  if (event === null) return '';
  const path = `${Paths.session}/looked-${event.session}`;
  const looked = parseLooked(host.files.readIfAny(path));
  const told = parseAuditEntries(host.files.readIfAny(Paths.refusalsJson) ?? '', looked?.sequence ?? 0);
  const last = told.at(-1);
  const short = findShort(host, event.session, event.output);
  if (last === undefined && looked !== null)
    return short.length === 0 ? '' : renderAnswer(event, { news: [], short });
  const news = chooseNews(told, { looked, start: host.now() - event.duration });
  const about = news.length > 0 ? news.map(keyOf) : (looked?.about ?? []);
  remember(host, path, { sequence: last?.sequence ?? 0, about: about.slice(-50) });
  const all = [...short, ...(looked === null ? [] : chooseLimits(told))];
  return news.length === 0 && all.length === 0 ? '' : renderAnswer(event, { news, short: all });
}

function remember(host: ShortHost, path: string, looked: object): void {
  try {
    host.files.write(path, JSON.stringify(looked), 0o600);
  } catch {
    // Told twice is better than not at all.
  }
}
