import type { Row } from './row.ts';

const heads = ['what', 'value', 'unit', 'beside', 'its value', 'ratio', 'target', 'holds'];

/** Renders the rows for people, notes below. */
export function renderTable(rows: readonly Row[]): string {
  const lines = [heads, ...rows.map(cells)];
  const widths = heads.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const rendered = lines.map((line) =>
    line
      .map((cell, column) => pad(cell, widths, column))
      .join('  ')
      .trimEnd(),
  );
  const notes = rows.flatMap(({ name, note }) => (note === undefined ? [] : [`note on ${name}: ${note}`]));
  return `${[...rendered, ...notes].join('\n')}\n`;
}

function cells(row: Row): string[] {
  const holds = row.holds === null ? '' : row.holds ? 'yes' : 'NO';
  return [
    row.name,
    number(row.value),
    row.unit,
    row.peer ?? '',
    number(row.peer_value),
    number(row.ratio),
    row.target ?? '',
    holds,
  ];
}

function number(value: number | null): string {
  return value === null ? '' : String(value);
}

const numeric = new Set([1, 4, 5]);

function pad(cell: string, widths: readonly number[], column: number): string {
  const width = widths[column] ?? 0;
  return numeric.has(column) ? cell.padStart(width) : cell.padEnd(width);
}
