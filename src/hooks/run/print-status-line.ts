import { Paths } from '../../core/paths.ts';
import type { ShortHost } from '../../host/host.ts';
import { parseState } from '../../state/box-state.ts';
import { parseStatusInput, renderStatusLine } from '../status-line.ts';
import { nameOf } from './session-notes.ts';

/** Columns Claude Code keeps for itself. */
const margin = 4;

/** One line below the prompt, drawn anew after every answer. */
export function statusLine(host: ShortHost, input: string): string {
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
