// Draws what a terminal showed: text with colours (SGR) on stdin, an SVG on stdout. Every other sequence is left out.
// Usage: node picture.mjs TITLE
import { stdin, stdout } from 'node:process';
import { text } from 'node:stream/consumers';

const cell = { width: 8.4, height: 18 };
const edge = 14;
const bar = 30;
const colours = ['#45475a', '#f38ba8', '#a6e3a1', '#f9e2af', '#89b4fa', '#f5c2e7', '#94e2d5', '#bac2de'];
const bright = ['#6c7086', ...colours.slice(1, 7), '#ffffff'];

const [title = ''] = process.argv.slice(2);
const lines = (await text(stdin))
  .replaceAll('\r', '')
  .replaceAll(/\x1b(?:\[[0-?]*[ -/]*[@-ln-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][A-Z0-9]|[=>78])/g, '')
  .trimEnd()
  .split('\n');
stdout.write(render(lines));

function render(lines) {
  const columns = Math.max(60, ...lines.map((line) => [...plain(line)].length));
  const width = Math.ceil(columns * cell.width + 2 * edge);
  const height = lines.length * cell.height + bar + 2 * edge;
  const dots = ['#f38ba8', '#f9e2af', '#a6e3a1'].map(
    (fill, index) => `<circle cx="${18 + index * 18}" cy="16" r="5" fill="${fill}"/>`,
  );
  const rows = lines.map((line, index) => {
    const y = bar + edge + (index + 0.75) * cell.height;
    return `<text x="${edge}" y="${y}" xml:space="preserve">${spansOf(line)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(title)}">
<title>${escape(title)}</title>
<rect width="100%" height="100%" rx="8" fill="#1e1e2e"/>
${dots.join('')}
<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14" fill="#cdd6f4">
${rows.join('\n')}
</g>
</svg>
`;
}

function plain(line) {
  return line.replaceAll(/\x1b\[[\d;:]*m/g, '');
}

function spansOf(line) {
  const style = { fill: null, bold: false, dim: false };
  const parts = line.split(/\x1b\[([\d;:]*)m/);
  return parts
    .map((part, index) => {
      if (index % 2 === 1) apply(style, part.split(/[;:]/).map(Number));
      return index % 2 === 1 || part === '' ? '' : span(part, style);
    })
    .join('');
}

function span(part, { fill, bold, dim }) {
  const attributes = [
    fill === null ? '' : ` fill="${fill}"`,
    bold ? ' font-weight="bold"' : '',
    dim ? ' opacity="0.6"' : '',
  ].join('');
  return attributes === '' ? escape(part) : `<tspan${attributes}>${escape(part)}</tspan>`;
}

function apply(style, codes) {
  for (let index = 0; index < codes.length; index += 1) {
    const code = codes[index];
    if (code === 0) Object.assign(style, { fill: null, bold: false, dim: false });
    else if (code === 1) style.bold = true;
    else if (code === 2) style.dim = true;
    else if (code === 22) Object.assign(style, { bold: false, dim: false });
    else if (code === 39) style.fill = null;
    else if (code >= 30 && code <= 37) style.fill = colours[code - 30];
    else if (code >= 90 && code <= 97) style.fill = bright[code - 90];
    else if (code === 38 || code === 48) {
      const direct = codes[index + 1] === 2;
      if (code === 38)
        style.fill = direct
          ? `rgb(${codes.slice(index + 2, index + 5).join(',')})`
          : palette(codes[index + 2]);
      index += direct ? 4 : 2;
    }
  }
}

/** The 256 colours: the 16, a cube of six steps, 24 greys. */
function palette(number) {
  if (number < 16) return [...colours, ...bright][number];
  if (number >= 232)
    return `rgb(${Array(3)
      .fill(8 + (number - 232) * 10)
      .join(',')})`;
  const step = (value) => (value === 0 ? 0 : 55 + value * 40);
  const cube = number - 16;
  return `rgb(${[Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map(step).join(',')})`;
}

function escape(raw) {
  return raw
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
