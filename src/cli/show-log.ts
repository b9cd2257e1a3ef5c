import { ExitCode } from '../core/exit-codes.ts';
import { Paths } from '../core/paths.ts';
import type { Host } from '../host/host.ts';
import { parseAuditEntries, renderAuditEntry } from '../policy/audit-entry.ts';

/** Milliseconds between two looks at the file. */
const pause = 200;
const known = ['--follow', '--json', '--failed'];

/** Prints what was refused, or with `--failed` what was allowed and failed: the oldest that is kept first. */
export async function log(host: Host, args: readonly string[]): Promise<number> {
  if (args.some((arg) => !known.includes(arg))) {
    host.printError('usage: cloister log [--follow] [--json] [--failed]\n');
    return ExitCode.settings;
  }
  const path = args.includes('--failed') ? Paths.failuresJson : Paths.refusalsJson;
  const render = args.includes('--json') ? JSON.stringify : renderAuditEntry;
  const follows = args.includes('--follow');
  let isAlone = false;
  if (follows)
    host.onDeparture(() => {
      isAlone = true;
    });
  let last = 0;
  let seen: string | null = null;
  for (;;) {
    // The file is halved now and then: the sequence number says where to go on.
    const text = host.files.readIfAny(path);
    for (const told of text === seen || text === null ? [] : parseAuditEntries(text, last)) {
      host.print(`${render(told)}\n`);
      last = told.sequence;
    }
    seen = text;
    if (!follows) await host.flush();
    if (!follows || isAlone) return ExitCode.ok;
    await host.sleep(pause);
  }
}
