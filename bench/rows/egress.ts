import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { engine, prefix, withImage } from '../engine.ts';
import { type Rig, raw, withRig } from '../guard/rig.ts';
import { ownProcesses, readMemory } from '../processes.ts';
import { makeRow, type Row } from '../row.ts';

const alone = `${prefix}-egress`;
const queries = 1_000_000;
const connections = 100_000;
const width = 64;
/** Milliseconds after which a box that is ready counts as idle, and a box that was busy. */
const settle = 10_000;
const afterwards = 5000;
/** Milliseconds within which the process gives back on its own what its busiest second needed: with BENCH_LONG=1. */
const compaction = 310_000;
const MB = 1024;

interface Weight {
  /** Kilobytes nobody else maps. */
  readonly memory: number;
  readonly descriptors: number;
}

/** Memory and descriptors of the egress process in the box: idle, after half of all that, after all of it. */
export default async function measureEgress(): Promise<Row[]> {
  return withImage({ tag: alone, file: 'bench/memory.Dockerfile' }, () =>
    withRig(
      async (rig) => {
        await sleep(settle);
        const idle = await weigh(rig);
        await burden(rig);
        const half = await weigh(rig);
        await burden(rig);
        const whole = await weigh(rig);
        const later = process.env.BENCH_LONG ? await sleep(compaction).then(() => weigh(rig)) : null;
        return rowsOf({ idle, half, whole, later });
      },
      { boxImage: alone },
    ),
  );
}

/** Half of the queries, half of them for names nobody repeats; then half of the connections, every other one reset. */
async function burden(rig: Rig): Promise<void> {
  const dns = { name: raw.name, port: 53 };
  await rig.run('ours', {
    ...{ verb: 'query', target: dns, count: queries / 2, more: width, address: '127.0.0.53' },
  });
  await rig.run('ours', { verb: 'crowd', target: raw, count: connections / 2, more: width });
  await sleep(afterwards);
}

async function weigh(rig: Rig): Promise<Weight> {
  const { own, sharing } = ownProcesses(
    Number(await engine(['inspect', '--format', '{{.State.Pid}}', rig.box])),
  );
  const process = own.find(({ name }) => name === 'egress');
  if (process === undefined) throw new Error('there is no egress process');
  if (sharing > 0) throw new Error(`${sharing} other processes share Node's pages`);
  const [memory] = readMemory([process]);
  return {
    memory: memory?.private ?? Number.NaN,
    descriptors: readdirSync(`/proc/${process.pid}/fd`).length,
  };
}

function rowsOf(weights: { idle: Weight; half: Weight; whole: Weight; later: Weight | null }): Row[] {
  const { idle, half, whole, later } = weights;
  const row = (name: string, kilobytes: number, more = {}) =>
    makeRow({
      name: `egress process, ${name}`,
      value: Number((kilobytes / MB).toFixed(1)),
      unit: 'MB',
      ...more,
    });
  return [
    row('private memory, idle', idle.memory, { atMost: 24 }),
    row(`private memory after ${queries} queries and ${connections} TLS connections`, whole.memory),
    row('private memory, grown by the second half of them', whole.memory - half.memory, { atMost: 5 }),
    ...(later === null
      ? []
      : [row('private memory, grown by all of them, compacted', later.memory - idle.memory, { atMost: 5 })]),
    makeRow({
      name: 'egress process, descriptors more than when idle',
      value: whole.descriptors - idle.descriptors,
      unit: '',
      atMost: 0,
    }),
  ];
}
