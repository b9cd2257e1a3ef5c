import type { BoxState } from '../state/box-state.ts';

/** What Claude Code hands to a status line, as far as it is shown; anything may be missing. Percentages 0–100. */
export interface StatusInput {
  readonly session_id?: string;
  readonly model?: { readonly display_name?: string };
  readonly session_name?: string | null;
  readonly cost?: { readonly total_cost_usd?: number | null } | null;
  readonly context_window?: { readonly used_percentage?: number | null } | null;
  readonly rate_limits?: {
    readonly five_hour?: { readonly used_percentage?: number | null } | null;
    readonly seven_day?: { readonly used_percentage?: number | null } | null;
  } | null;
}

/** What the line needs beside Claude Code's word. */
export interface StatusFacts {
  readonly box: BoxState | null;
  /** The name the session was given by us; Claude Code's own comes first. */
  readonly name: string | null;
  readonly columns: number;
  /** A terminal without colours and without blocks. */
  readonly plain: boolean;
}

const colours = { green: 32, yellow: 33, red: 31, dim: 2 } as const;
const cells = 10;
const least = 20;

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
 * Renders one line: model, context, box, cost, rate limits, session. Where `columns` are few the least of them go
 * first: the whole is kept in this order.
 */
export function renderStatusLine(input: StatusInput, { box, name, columns, plain }: StatusFacts): string {
  const { five_hour: fiveHours, seven_day: sevenDays } = input.rate_limits ?? {};
  const parts = [
    shownName(input.model?.display_name),
    contextBar(input.context_window?.used_percentage, plain),
    boxPart(box),
    cost(input.cost?.total_cost_usd),
    limit('5 h', fiveHours?.used_percentage),
    limit('7 d', sevenDays?.used_percentage),
    shownName(input.session_name ?? name),
  ].filter((part) => part !== null);
  const shown: Part[] = [];
  let width = 0;
  for (const part of parts) {
    width += part.text.length + (shown.length === 0 ? 0 : 3);
    if (width > Math.max(columns, least)) break;
    shown.push(part);
  }
  if (plain) return shown.map(({ text }) => text).join(' | ');
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
function shownName(text: unknown): Part | null {
  if (typeof text !== 'string') return null;
  const clean = text.replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, '').slice(0, 40);
  return clean === '' ? null : { text: clean };
}

function contextBar(percentage: unknown, plain: boolean): Part | null {
  if (!isPercentage(percentage)) return null;
  const full = Math.round((percentage / 100) * cells);
  const [on = '', off = ''] = plain ? ['#', '-'] : ['█', '░'];
  const bar = on.repeat(full) + off.repeat(cells - full);
  return { text: `${bar} ${Math.round(percentage)} %`, colour: heat(percentage) };
}

function limit(span: string, percentage: unknown): Part | null {
  return isPercentage(percentage)
    ? { text: `${span} ${Math.round(percentage)} %`, colour: heat(percentage) }
    : null;
}

function cost(dollars: unknown): Part | null {
  return typeof dollars === 'number' && Number.isFinite(dollars) ? { text: `$${dollars.toFixed(2)}` } : null;
}

function boxPart(box: BoxState | null): Part {
  if (box === null) return { text: 'box unknown', colour: 'yellow' };
  if (box.phase !== 'ready') return { text: `box ${box.phase}`, colour: 'yellow' };
  const refused = box.egress.refused > 0 ? `, ${box.egress.refused} refused` : '';
  if (!box.resolver.running) return { text: `box closed${refused}`, colour: 'red' };
  return isDegraded(box)
    ? { text: `box degraded${refused}`, colour: 'yellow' }
    : { text: `box ready${refused}`, colour: 'green' };
}

/** The state may be another version's, without the younger parts. */
function isDegraded({ firewall, children = {}, rescue }: Partial<BoxState>): boolean {
  const failing = Object.values(children).some((child) => child.failing);
  const loose = firewall?.byAddress === true || (firewall?.lastFailure ?? null) !== null;
  return failing || loose || rescue?.outcome === 'failed' || rescue?.partial === true;
}

function heat(percentage: number): keyof typeof colours {
  if (percentage < 60) return 'green';
  return percentage < 85 ? 'yellow' : 'red';
}

function isPercentage(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 100;
}
