// Draws what a terminal showed: text with colours (SGR) on stdin, an SVG on stdout. Every other sequence is left out.
// Usage: picture.ts TITLE
import { stdin, stdout } from 'node:process';
import { text } from 'node:stream/consumers';
import { stripVTControlCharacters } from 'node:util';

const newStyle: Style = { fill: null, bold: false, dim: false };
const cell = { width: 8.4, height: 18 };
const edge = 14;
const bar = 30;
const colours = ['#45475a', '#f38ba8', '#a6e3a1', '#f9e2af', '#89b4fa', '#f5c2e7', '#94e2d5', '#bac2de'];
const bright = ['#6c7086', ...colours.slice(1, 7), '#ffffff'];

const [title = ''] = process.argv.slice(2);
const [bell, esc] = ['\x07', '\x1b'];

const lines = withoutOthers((await text(stdin)).replaceAll('\r', ''))
  .trimEnd()
  .split('\n');
stdout.write(render(lines));

/** Leaves only the sequences that colour. */
function withoutOthers(shown: string): string {
  // BEL and ESC \ end a command alike.
  const [before = '', ...pieces] = shown.replaceAll(`${esc}\\`, bell).split(esc);
  const left = pieces.map((piece) => {
    if (/^\[[\d;:]*m/.test(piece)) return `${esc}${piece}`;
    if (piece.startsWith(']') && piece.includes(bell)) return piece.slice(piece.indexOf(bell) + 1);
    return piece.replace(/^(?:\[[0-?]*[ -/]*[@-~]|[()][A-Z0-9]|[=>78])/, '');
  });
  return [before, ...left].join('');
}

function render(lines: readonly string[]): string {
  const columns = Math.max(60, ...lines.map((line) => [...stripVTControlCharacters(line)].length));
  const width = Math.ceil(columns * cell.width + 2 * edge);
  const height = lines.length * cell.height + bar + 2 * edge;
  const dots = ['#f38ba8', '#f9e2af', '#a6e3a1'].map(
    (fill, index) => `<circle cx="${18 + index * 18}" cy="16" r="5" fill="${fill}"/>`,
  );
  const rows = lines.map((line, index) => {
    const y = bar + edge + (index + 0.75) * cell.height;
    return `<text x="${edge}" y="${y}" xml:space="preserve">${spansOf(line)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(title)}">
<title>${escapeXml(title)}</title>
<rect width="100%" height="100%" rx="8" fill="#1e1e2e"/>
${dots.join('')}
<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14" fill="#cdd6f4">
${rows.join('\n')}
</g>
</svg>
`;
}

interface Style {
  fill: string | null;
  bold: boolean;
  dim: boolean;
}

function spansOf(line: string): string {
  const style = { ...newStyle };
  const [before = '', ...parts] = line.split(esc);
  const coloured = parts.map((part) => {
    const [, codes = '', shown = part] = /^\[([\d;:]*)m(.*)$/.exec(part) ?? [];
    apply(style, codes.split(/[;:]/).map(Number));
    return span(shown, style);
  });
  return [span(before, newStyle), ...coloured].join('');
}

function span(part: string, { fill, bold, dim }: Style): string {
  if (part === '') return '';
  const attributes = [
    fill === null ? '' : ` fill="${fill}"`,
    bold ? ' font-weight="bold"' : '',
    dim ? ' opacity="0.6"' : '',
  ].join('');
  return attributes === '' ? escapeXml(part) : `<tspan${attributes}>${escapeXml(part)}</tspan>`;
}

function apply(style: Style, codes: readonly number[]): void {
  for (let index = 0; index < codes.length; index += 1) {
    const code = codes[index] ?? 0;
    if (code === 0) Object.assign(style, newStyle);
    else if (code === 1) style.bold = true;
    else if (code === 2) style.dim = true;
    else if (code === 22) Object.assign(style, { bold: false, dim: false });
    else if (code === 39) style.fill = null;
    else if (code >= 30 && code <= 37) style.fill = colours[code - 30] ?? null;
    else if (code >= 90 && code <= 97) style.fill = bright[code - 90] ?? null;
    else if (code === 38 || code === 48) {
      const direct = codes[index + 1] === 2;
      if (code === 38)
        style.fill = direct
          ? `rgb(${codes.slice(index + 2, index + 5).join(',')})`
          : palette(codes[index + 2] ?? 0);
      index += direct ? 4 : 2;
    }
  }
}

/** The 256 colours: the 16, a cube of six steps, 24 greys. */
function palette(number: number): string | null {
  if (number < 16) return [...colours, ...bright][number] ?? null;
  if (number >= 232)
    return `rgb(${Array(3)
      .fill(8 + (number - 232) * 10)
      .join(',')})`;
  const step = (value: number) => (value === 0 ? 0 : 55 + value * 40);
  const cube = number - 16;
  return `rgb(${[Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map(step).join(',')})`;
}

function escapeXml(raw: string): string {
  return raw
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
