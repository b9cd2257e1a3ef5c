import { type Level, type Log, levels, makeLog } from '../core/log.ts';
import { Paths } from '../core/paths.ts';
import type { Host } from '../host/host.ts';
import { EventBus } from '../state/events.ts';

/** Bytes of the log kept in memory for `cloister log`; it starts over when full. */
const mostKept = 2 * 1024 ** 2;

export interface InitLog {
  readonly log: Log;
  readonly events: EventBus;
  /** While true the log stays off the terminal: somebody is looking at the session there. */
  quiet(on: boolean): void;
}

/**
 * Opens init's log: on stdout, and in a file of root's. A wrong level or format is the settings' to report.
 * @param wish.beside stdout is the agent's answer, so the log goes to stderr.
 */
export async function openInitLog(
  host: Host,
  wish: { level: string | undefined; format: string | null | undefined; beside: boolean },
): Promise<InitLog> {
  const level: Level = levels.find((known) => known === wish.level) ?? 'info';
  const pretty = wish.format === 'pretty' || (wish.format !== 'json' && host.terminal);
  const format = pretty
    ? (await import('../state/pretty-log.ts')).makePretty(host.terminal)
    : (line: string) => line;
  const print = wish.beside ? host.printError : host.print;
  let off = false;
  let kept = 0;
  const write = (line: string) => {
    if (!off) print(format(line));
    if (host.files.facts(Paths.private) === null) return;
    kept += line.length;
    if (kept > mostKept) {
      host.files.remove(Paths.log);
      kept = line.length;
    }
    host.files.append(Paths.log, line);
  };
  const events = new EventBus();
  const heard = (level: Level, event: string, fields: Readonly<Record<string, unknown>>) =>
    events.emit('logged', { level, event, fields });
  return {
    log: makeLog({ level, write, heard }),
    events,
    quiet: (on) => {
      off = on;
    },
  };
}
