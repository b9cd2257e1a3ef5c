import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { engine, image, root } from '../engine.ts';
import { makeRow, median, type Row } from '../row.ts';

/** Starts of Node that do nothing, which a hook may cost in processor time; Claude Code calls some after every tool. */
const most = 1.6;
/** What the number leaves out. */
const notes: Readonly<Record<string, string>> = {
  format: 'with a formatter that does nothing',
  'session-name': 'without the answer of the small model',
  'fork-sync': 'with no upstream to ask',
};

/** Processor time of every hook, from its start to its end, as Claude Code would start it, beside that of a bare start. */
export default async function measureHooks(): Promise<Row[]> {
  const script = readFileSync(join(root, 'bench/hooks/measure.py'), 'utf8');
  const run = ['run', '--rm', '--network=none', '--entrypoint=python3', image, '-c', script];
  const { bare = [], starting = [], ...found } = JSON.parse(await engine(run)) as Record<string, number[]>;
  const beside = (name: string, times: readonly number[]) => ({
    name,
    value: Number(median(times).toFixed(1)),
  });
  const peers: Readonly<Record<string, ReturnType<typeof beside>>> = {
    format: beside('bare Node that starts a program', starting),
  };
  const peer = beside('bare Node', bare);
  return Object.entries(found).map(([name, times]) =>
    makeRow({
      name: `hook ${name}, processor time`,
      value: Number(median(times).toFixed(1)),
      unit: 'ms',
      peer: peers[name] ?? peer,
      atMost: most,
      note: notes[name],
    }),
  );
}
