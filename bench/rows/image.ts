import { engine, image } from '../engine.ts';
import { makeRow, type Row } from '../row.ts';

const MB = 1_000_000;
const longestName = 60;

/** The size of the image, and of each layer of at least one megabyte, uncompressed. */
export default async function measureImage(): Promise<Row[]> {
  const lines = (
    await engine(['history', '--no-trunc', '--human=false', '--format', '{{json .}}', image])
  ).split('\n');
  const layers = lines.filter(Boolean).map((line) => JSON.parse(line) as { CreatedBy: string; Size: string });
  const rows = layers.reverse().map(({ CreatedBy, Size }, index) => ({
    name: `image layer ${index + 1}: ${shorten(CreatedBy)}`,
    bytes: Number(Size),
  }));
  const total = rows.reduce((sum, { bytes }) => sum + bytes, 0);
  return [...rows.filter(({ bytes }) => bytes >= MB), { name: 'image, all layers', bytes: total }].map(
    ({ name, bytes }) => makeRow({ name, value: Number((bytes / MB).toFixed(1)), unit: 'MB' }),
  );
}

/** @returns what made the layer, without the engine's own words: `COPY dir:ab12… in /`, `apt-get install …`. */
function shorten(command: string): string {
  const text = command
    .replace(/^\/bin\/sh -c (#\(nop\) )?/, '')
    .replace(/(file|dir|multi):([0-9a-f]{6})[0-9a-f]+/g, '$1:$2')
    .replace(/\s+/g, ' ')
    .trim();
  if (text === '') return 'base image';
  return text.length > longestName ? `${text.slice(0, longestName - 1)}…` : text;
}
