import { text as readAll } from 'node:stream/consumers';
import { ExitCode } from '../core/exit-codes.ts';
import { Paths } from '../core/paths.ts';
import { parseState } from '../core/state.ts';
import { parseStatusInput, renderStatusLine } from '../hooks/status-line.ts';
import type { Host } from '../host/host.ts';

/** What Claude Code calls: one event on stdin, one answer on stdout. */
export async function hook(host: Host, name: string, stdin: NodeJS.ReadableStream): Promise<number> {
  const input = await readAll(stdin);
  if (name !== 'status-line') {
    host.print(`there is no hook ${JSON.stringify(name)}\n`);
    return ExitCode.settings;
  }
  const box = parseState(host.files.readIfAny(Paths.state));
  host.print(`${renderStatusLine(parseStatusInput(input), box, Number(host.env.COLUMNS) || 80)}\n`);
  return ExitCode.ok;
}
