import { type Asked, known, ports, type Rig, withRig } from '../dns/rig.ts';
import { makeRow, median, type Row } from '../row.ts';

/** Names of a busy session. */
const warm = known.slice(0, 100);
const rounds = 3;
const steady = ['-c', '8', '-Q', '5000', '-v', '-l', '2'];

/** The resolver beside dnsmasq and unbound in one thread each, over UDP on loopback, with the same upstream. */
export default async function measureDns(): Promise<Row[]> {
  return withRig(async (rig) => {
    return [...(await measureCold(rig)), ...(await measureLatency(rig))];
  });
}

/** First, while nobody has asked for these names: every answer comes from the upstream. */
async function measureCold(rig: Rig): Promise<Row[]> {
  const times = async (port: number, from: number) => {
    const flags = ['-c', '1', '-Q', '500', '-n', '1', '-v'];
    return (await rig.ask(port, known.slice(from, from + 1000), flags)).latencies;
  };
  await times(ports.ours, 1000);
  const [direct, ours, peer] = [
    await times(ports.upstream, 2000),
    await times(ports.ours, 2000),
    await times(ports.dnsmasq, 2000),
  ];
  const added = (of: readonly number[]) => Number((percentile(of, 0.5) - percentile(direct, 0.5)).toFixed(3));
  const row = {
    unit: 'ms',
    note: `median of 1000 names at 500/s, less the ${percentile(direct, 0.5).toFixed(3)} ms of the upstream itself`,
  };
  return [
    makeRow({ ...row, name: 'a cold answer adds', value: added(ours), atMost: 2 }),
    makeRow({ ...row, name: 'a cold answer adds, dnsmasq', value: added(peer) }),
  ];
}

async function measureLatency(rig: Rig): Promise<Row[]> {
  const denied = Array.from({ length: 20_000 }, (_, index) => `secret-${index}.denied.test`);
  const asked = {
    ours: { port: ports.ours, names: warm },
    unbound: { port: ports.unbound, names: warm },
    dnsmasq: { port: ports.dnsmasq, names: warm },
    denied: { port: ports.ours, names: denied },
  };
  const found = Object.fromEntries(Object.keys(asked).map((name) => [name, [] as number[]]));
  // In turns, so that a busy moment of the machine hits all alike.
  for (let round = 0; round < rounds; round++) {
    for (const [name, { port, names }] of Object.entries(asked))
      found[name]?.push(slowest(await rig.ask(port, names, steady)));
  }
  const middle = (name: string) => Number(median(found[name] ?? []).toFixed(3));
  const row = { name: 'p99 of cached answers at 5000/s', unit: 'ms', value: middle('ours') };
  return [
    makeRow({ ...row, atMost: 2 }),
    ...['unbound', 'dnsmasq'].map((name) =>
      makeRow({
        ...row,
        name: `${row.name}, beside ${name}`,
        peer: { name: `${name}, one thread`, value: middle(name) },
      }),
    ),
    makeRow({ ...row, name: 'p99 of denied names at 5000/s', value: middle('denied'), atMost: 20 }),
  ];
}

/** @returns the 99th percentile; a query without an answer is slower than all others. */
function slowest({ latencies, lost }: Asked): number {
  return percentile([...latencies, ...Array<number>(lost).fill(Number.POSITIVE_INFINITY)], 0.99);
}

function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
