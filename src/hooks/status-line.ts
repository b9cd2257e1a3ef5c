import type { BoxState } from '../core/state.ts';

/** What Claude Code hands to a status line, as far as it is shown; anything may be missing. Percentages 0–100. */
export interface StatusInput {
  readonly model?: { readonly display_name?: string };
  readonly session_name?: string | null;
  readonly cost?: { readonly total_cost_usd?: number | null } | null;
  readonly context_window?: { readonly used_percentage?: number | null } | null;
  readonly rate_limits?: { readonly five_hour?: { readonly used_percentage?: number | null } | null } | null;
}

const colours = { green: 32, yellow: 33, red: 31, dim: 2 } as const;
const cells = 10;
const least = 40;

/** Parses what Claude Code wrote on stdin; a broken line shows as an empty one, never as a fault. */
export function parseStatusInput(text: string): StatusInput {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/**
 * Renders one line: model, context, cost, rate limit, session, state of the box. What does not fit into `columns`
 * is left out from the right.
 */
export function renderStatusLine(input: StatusInput, box: BoxState | null, columns: number): string {
  const parts = [
    plain(input.model?.display_name),
    contextBar(input.context_window?.used_percentage),
    cost(input.cost?.total_cost_usd),
    limit(input.rate_limits?.five_hour?.used_percentage),
    boxPart(box),
    plain(input.session_name ?? undefined),
  ].filter((part) => part !== null);
  const shown: Part[] = [];
  let width = 0;
  for (const part of parts) {
    width += part.text.length + (shown.length === 0 ? 0 : 3);
    if (width > Math.max(columns, least)) break;
    shown.push(part);
  }
  return shown.map(paint).join(paint({ text: ' · ', colour: 'dim' }));
}

interface Part {
  readonly text: string;
  readonly colour?: keyof typeof colours;
}

function paint({ text, colour }: Part): string {
  return colour === undefined ? text : `\x1b[${colours[colour]}m${text}\x1b[0m`;
}

/** Names come from the agent's side and end on the operator's screen: only printable characters pass. */
function plain(text: unknown): Part | null {
  if (typeof text !== 'string') return null;
  const clean = text.replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, '').slice(0, 40);
  return clean === '' ? null : { text: clean };
}

function contextBar(percentage: unknown): Part | null {
  if (!isPercentage(percentage)) return null;
  const full = Math.round((percentage / 100) * cells);
  const bar = '█'.repeat(full) + '░'.repeat(cells - full);
  return { text: `${bar} ${Math.round(percentage)} %`, colour: heat(percentage) };
}

function limit(percentage: unknown): Part | null {
  return isPercentage(percentage)
    ? { text: `5 h ${Math.round(percentage)} %`, colour: heat(percentage) }
    : null;
}

function cost(dollars: unknown): Part | null {
  return typeof dollars === 'number' && Number.isFinite(dollars) ? { text: `$${dollars.toFixed(2)}` } : null;
}

function boxPart(box: BoxState | null): Part {
  if (box === null) return { text: 'box unknown', colour: 'yellow' };
  const closed = !box.resolver.running || box.firewall.lastFailure !== null;
  if (box.phase === 'ready')
    return closed ? { text: 'box closed', colour: 'red' } : { text: 'box ready', colour: 'green' };
  return { text: `box ${box.phase}`, colour: 'yellow' };
}

function heat(percentage: number): keyof typeof colours {
  if (percentage < 60) return 'green';
  return percentage < 85 ? 'yellow' : 'red';
}

function isPercentage(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 100;
}
