import { Paths } from '../../core/paths.ts';
import { parseState } from '../../core/state.ts';
import { parseStatusInput, renderStatusLine } from '../../hooks/status-line.ts';
import type { Host } from '../../host/host.ts';
import { nameOf } from './session-notes.ts';

/** Columns Claude Code keeps for itself. */
const margin = 4;

/** One line below the prompt, drawn anew after every answer. */
export function statusLine(host: Host, input: string): string {
  const status = parseStatusInput(input);
  const { COLUMNS: columns, TERM: term, NO_COLOR: noColour } = host.env;
  const facts = {
    box: parseState(host.files.readIfAny(Paths.state)),
    name: nameOf(host, status.session_id),
    columns: (Number(columns) || 80) - margin,
    plain: term === 'dumb' || (noColour ?? '') !== '',
  };
  return `${renderStatusLine(status, facts)}\n`;
}
