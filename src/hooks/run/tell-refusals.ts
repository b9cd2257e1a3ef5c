import { Paths } from '../../core/paths.ts';
import type { ShortHost } from '../../host/host.ts';
import { parseAuditEntries } from '../../policy/audit-entry.ts';
import { chooseNews, keyOf, parseLooked, parseToolEvent, renderAnswer } from '../refusals.ts';

/** Tells the session what was refused since its last look; as the agent, in a place of the agent's own. */
export function tellRefusals(host: ShortHost, input: string): string {
  const event = parseToolEvent(input);
  if (event === null) return '';
  const path = `${Paths.session}/looked-${event.session}`;
  const looked = parseLooked(host.files.readIfAny(path));
  const told = parseAuditEntries(host.files.readIfAny(Paths.refusalsJson) ?? '', looked?.sequence ?? 0);
  const last = told.at(-1);
  if (last === undefined && looked !== null) return '';
  const news = chooseNews(told, { looked, start: host.now() - event.duration });
  const about = news.length > 0 ? news.map(keyOf) : (looked?.about ?? []);
  remember(host, path, { sequence: last?.sequence ?? 0, about: about.slice(-50) });
  return news.length === 0 ? '' : renderAnswer(event, news);
}

function remember(host: ShortHost, path: string, looked: object): void {
  try {
    host.files.write(path, JSON.stringify(looked), 0o600);
  } catch {
    // Told twice is better than not at all.
  }
}
