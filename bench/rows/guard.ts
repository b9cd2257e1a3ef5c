import { setTimeout as sleep } from 'node:timers/promises';
import { type Call, denied, fresh, type Place, type Rig, raw, web, withRig } from '../guard/rig.ts';
import { makeRow, median, type Row } from '../row.ts';

const MB = 1_000_000;
const places = ['direct', 'haproxy', 'ours'] as const;
const peer = 'HAProxy';
const rounds = 3;
/** Of the samples of a run, those before Node has compiled what it runs. */
const warming = 20;

/** Connections through the guard, beside HAProxy that passes them on by SNI, and beside none. */
export default async function measureGuard(): Promise<Row[]> {
  return withRig(async (rig) => [
    ...(await measureRelay(rig)),
    ...(await measureHandshakes(rig)),
    ...(await measurePins(rig)),
    ...(await measureRefusals(rig)),
  ]);
}

async function measureRelay(rig: Rig): Promise<Row[]> {
  const total = 1500 * MB;
  const transfers = { 'one transfer': 1, '64 transfers at once': 64 };
  const rows: Row[] = [];
  for (const [name, count] of Object.entries(transfers)) {
    const call = { verb: 'pull', target: raw, count, more: total / count };
    const found = await inTurns(rig, call, (ms) => total / MB / (Number(ms) / 1000));
    const middle = (place: Place) => Math.round(median(found[place] ?? []));
    const note = `without either ${middle('direct')} MB/s; HAProxy runs a thread for every core`;
    const row = { name: `relay, ${name}`, value: middle('ours'), unit: 'MB/s', atLeast: 0.9, note };
    rows.push(makeRow({ ...row, peer: { name: peer, value: middle('haproxy') } }));
  }
  return rows;
}

/** What either adds to a connection, at the median: of real handshakes, and of a bare hello and one octet back. */
async function measureHandshakes(rig: Rig): Promise<Row[]> {
  const calls: Readonly<Record<string, Call>> = {
    'a TLS handshake': { verb: 'shake', target: web, count: 150 },
    'a hello and one octet back': { verb: 'reach', target: raw, count: 400 },
  };
  const rows: Row[] = [];
  for (const [name, call] of Object.entries(calls)) {
    const found = await inTurns(rig, call, (times) => median(steady(times)));
    // The least of the rounds: a busy machine only ever adds.
    const least = (place: Place) => Math.min(...(found[place] ?? []));
    const added = (place: Place) => Number((least(place) - least('direct')).toFixed(3));
    const note = `without either ${least('direct').toFixed(3)} ms; the least of ${rounds} medians`;
    const row = { name: `added to ${name}`, value: added('ours'), unit: 'ms', note };
    const target = call.verb === 'shake' ? { atMost: 1.3 } : {};
    rows.push(makeRow({ ...row, ...target, peer: { name: peer, value: added('haproxy') } }));
  }
  return rows;
}

/** Each name is asked for upstream both times; the second time its address is pinned. */
async function measurePins(rig: Rig): Promise<Row[]> {
  const zone = fresh.map(({ name, address }) => [`/dns/zone/${name}`, { a: [address], ttl: 0 }]);
  await rig.internet.put(Object.fromEntries(zone));
  const first = await dialAll(rig);
  // As long as an answer is good, whatever its TTL says.
  await sleep(6000);
  const again = await dialAll(rig);
  const note = `${again.toFixed(3)} ms where the address was pinned; the upstream is asked both times`;
  const value = Number((first - again).toFixed(3));
  return [makeRow({ name: 'a new address adds to a dial', value, unit: 'ms', atMost: 5, note })];
}

async function dialAll(rig: Rig): Promise<number> {
  const { name, port } = fresh[0] ?? denied;
  const call = { verb: 'tour', target: { name: name.replace('0', '%'), port }, count: fresh.length };
  return median(steady(await rig.run('ours', call)));
}

async function measureRefusals(rig: Rig): Promise<Row[]> {
  const calls: Readonly<Record<string, Call>> = {
    'a denied port, to the reset': { verb: 'knock', target: { ...denied, port: 81 }, count: 500 },
    'a denied name, to the alert': { verb: 'refuse', target: denied, count: 500 },
  };
  const rows: Row[] = [];
  for (const [name, call] of Object.entries(calls)) {
    const times = steady(await rig.run('ours', call)).sort((a, b) => a - b);
    const value = Number((times[Math.floor(times.length * 0.99)] ?? Number.NaN).toFixed(3));
    const note = `${median(times).toFixed(3)} ms at the median`;
    rows.push(makeRow({ name: `p99 from try to error: ${name}`, value, unit: 'ms', atMost: 20, note }));
  }
  return rows;
}

/** In turns, so that a busy moment of the machine hits all alike.  @returns a figure of each round by place. */
async function inTurns(
  rig: Rig,
  call: Call,
  figure: (found: unknown) => number,
): Promise<Partial<Record<Place, number[]>>> {
  const found: Record<(typeof places)[number], number[]> = { direct: [], haproxy: [], ours: [] };
  for (let round = 0; round < rounds; round++)
    for (const place of places) found[place].push(figure(await rig.run(place, call)));
  return found;
}

function steady(times: unknown): number[] {
  return (times as number[]).slice(warming);
}
