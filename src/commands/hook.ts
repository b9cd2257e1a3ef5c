import { text as readAll } from 'node:stream/consumers';
import { ExitCode } from '../core/exit-codes.ts';
import { Paths } from '../core/paths.ts';
import { parseState } from '../core/state.ts';
import { parseTold } from '../core/told.ts';
import { chooseNews, keyOf, parseLooked, parseToolEvent, renderAnswer } from '../hooks/refusals.ts';
import { parseStatusInput, renderStatusLine } from '../hooks/status-line.ts';
import type { Host } from '../host/host.ts';

const hooks: Readonly<Record<string, (host: Host, input: string) => string | Promise<string>>> = {
  'status-line': (host, input) => {
    const box = parseState(host.files.readIfAny(Paths.state));
    return `${renderStatusLine(parseStatusInput(input), box, Number(host.env.COLUMNS) || 80)}\n`;
  },
  refusals: tellRefusals,
  notify: async (_, input) => (await import('./hook-notify.ts')).notify(input),
};

/** What Claude Code calls: one event on stdin, one answer on stdout. None of these guards anything. */
export async function hook(host: Host, name: string, stdin: NodeJS.ReadableStream): Promise<number> {
  const answer = Object.hasOwn(hooks, name) ? hooks[name] : undefined;
  if (answer === undefined) {
    host.print(`there is no hook ${JSON.stringify(name)}\n`);
    return ExitCode.settings;
  }
  host.print(await answer(host, await readAll(stdin)));
  return ExitCode.ok;
}

/** Tells the session what was refused since its last look; as the agent, in a place of the agent's own. */
function tellRefusals(host: Host, input: string): string {
  const event = parseToolEvent(input);
  if (event === null) return '';
  const path = `${Paths.session}/looked-${event.session}`;
  const looked = parseLooked(host.files.readIfAny(path));
  const told = parseTold(host.files.readIfAny(Paths.refusalsJson) ?? '', looked?.sequence ?? 0);
  const last = told.at(-1);
  if (last === undefined && looked !== null) return '';
  const news = chooseNews(told, { looked, start: host.now() - event.duration });
  const about = news.length > 0 ? news.map(keyOf) : (looked?.about ?? []);
  remember(host, path, { sequence: last?.sequence ?? 0, about: about.slice(-50) });
  return news.length === 0 ? '' : renderAnswer(event, news);
}

function remember(host: Host, path: string, looked: object): void {
  try {
    host.files.write(path, JSON.stringify(looked), 0o600);
  } catch {
    // Told twice is better than not at all.
  }
}
