import { type Asked, known, ports, type Rig, withRig } from '../dns/rig.ts';
import { makeRow, median, type Row } from '../row.ts';

/** Names of a busy session. */
const warm = known.slice(0, 100);
const rounds = 3;
const hard = ['-T', '2', '-c', '16', '-q', '200', '-l', '1'];
const steady = ['-c', '8', '-Q', '5000', '-v', '-l', '2'];

/** The resolver beside dnsmasq and unbound in one thread each, over UDP on loopback, with the same upstream. */
export default async function measureDns(): Promise<Row[]> {
  return withRig(async (rig) => {
    return [...(await measureCold(rig)), ...(await measureCached(rig)), ...(await measureLatency(rig))];
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

async function measureCached(rig: Rig): Promise<Row[]> {
  const peers = { dnsmasq: ports.dnsmasq, unbound: ports.unbound };
  const found: Record<string, number[]> = { ours: [], dnsmasq: [], unbound: [] };
  // In turns, so that a busy moment of the machine hits all alike.
  for (let round = 0; round < rounds; round++) {
    for (const [name, port] of Object.entries({ ours: ports.ours, ...peers }))
      found[name]?.push((await rig.ask(port, warm, hard)).perSecond);
  }
  const middle = (name: string) => Math.round(median(found[name] ?? []));
  return Object.keys(peers).map((name) =>
    makeRow({
      name: `cached answers, beside ${name}`,
      value: middle('ours'),
      unit: '1/s',
      peer: { name: `${name}, one thread`, value: middle(name) },
      ...(name === 'dnsmasq' ? { atLeast: 0.8 } : {}),
    }),
  );
}

async function measureLatency(rig: Rig): Promise<Row[]> {
  const denied = Array.from({ length: 20_000 }, (_, index) => `secret-${index}.denied.test`);
  const found: Record<'cached' | 'peer' | 'denied', number[]> = { cached: [], peer: [], denied: [] };
  for (let round = 0; round < rounds; round++) {
    found.cached.push(slowest(await rig.ask(ports.ours, warm, steady)));
    found.peer.push(slowest(await rig.ask(ports.dnsmasq, warm, steady)));
    found.denied.push(slowest(await rig.ask(ports.ours, denied, steady)));
  }
  const flood = await rig.ask(ports.ours, denied, hard);
  const row = (name: string, values: readonly number[], more = {}) =>
    makeRow({
      name: `p99 of ${name} at 5000/s`,
      value: Number(median(values).toFixed(3)),
      unit: 'ms',
      ...more,
    });
  return [
    row('cached answers', found.cached, { atMost: 2 }),
    row('cached answers of dnsmasq', found.peer),
    row('denied names', found.denied, { atMost: 20 }),
    makeRow({ name: 'denied names in a flood', value: Math.round(flood.perSecond), unit: '1/s' }),
  ];
}

/** @returns the 99th percentile; a query without an answer is slower than all others. */
function slowest({ latencies, lost }: Asked): number {
  return percentile([...latencies, ...Array<number>(lost).fill(Number.POSITIVE_INFINITY)], 0.99);
}

function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
