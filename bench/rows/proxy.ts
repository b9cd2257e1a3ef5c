import { setTimeout as sleep } from 'node:timers/promises';
import { engine } from '../engine.ts';
import {
  type Call,
  denied,
  fresh,
  freshNames,
  type Place,
  type Rig,
  raw,
  web,
  withRig,
} from '../proxy/rig.ts';
import { makeRow, median, type Row } from '../row.ts';

const MB = 1_000_000;
const places = ['direct', 'haproxy', 'ours', 'haproxy-1'] as const;
/** Both are judged: as Debian starts it, a thread for every core, and in one thread, which is what the proxy has. */
const peers = { haproxy: 'HAProxy', 'haproxy-1': 'HAProxy, one thread' } as const;
const relayRounds = 3;
const rounds = 4;
/** Of the samples of a run, those before Node has compiled what it runs. */
const warming = 20;

/** Connections through the proxy, beside HAProxy that passes them on by SNI, and beside none. */
export default async function measureGuard(): Promise<Row[]> {
  return withRig(async (rig) => [
    ...(await measurePins(rig)),
    ...(await measureRefusals(rig)),
    ...(await measureHandshakes(rig)),
    ...(await measureRelay(rig)),
  ]);
}

async function measureRelay(rig: Rig): Promise<Row[]> {
  const total = 1000 * MB;
  const transfers = { 'one transfer': 1, '64 transfers at once': 64 };
  const rows: Row[] = [];
  for (const [name, count] of Object.entries(transfers)) {
    const call = { verb: 'pull', target: raw, count, more: total / count };
    const found = await inTurns({ rig, call, rounds: relayRounds }, (ms) => total / MB / (Number(ms) / 1000));
    const middle = (place: Place) => Math.round(median(found[place] ?? []));
    const note = `without either ${middle('direct')} MB/s; the middle of ${relayRounds}`;
    const row = { value: middle('ours'), unit: 'MB/s', atLeast: 0.9, note };
    rows.push(...besidePeers(`relay, ${name}`, middle, row));
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
    const found = await inTurns({ rig, call, rounds }, (times) => median(steady(times)));
    // The least of the rounds: a busy machine only ever adds.
    const least = (place: Place) => Math.min(...(found[place] ?? []));
    const added = (place: Place) => Number((least(place) - least('direct')).toFixed(3));
    const note = `without either ${least('direct').toFixed(3)} ms; the least of ${rounds} medians`;
    const target = call.verb === 'shake' ? { atMost: 1.3 } : {};
    rows.push(
      ...besidePeers(`added to ${name}`, added, { value: added('ours'), unit: 'ms', note, ...target }),
    );
  }
  return rows;
}

function besidePeers(
  name: string,
  figure: (place: Place) => number,
  row: Omit<Parameters<typeof makeRow>[0], 'name' | 'peer'>,
): Row[] {
  return Object.entries(peers).map(([place, peer]) =>
    makeRow({
      ...row,
      name: place === 'haproxy' ? name : `${name}, thread against thread`,
      peer: { name: peer, value: figure(place as Place) },
    }),
  );
}

/** Each name is asked for upstream both times; the second time its address is pinned. */
async function measurePins(rig: Rig): Promise<Row[]> {
  const call = { verb: 'tour', target: fresh, count: freshNames };
  const before = await countPins(rig);
  const first = steady(await rig.run('ours', call));
  const made = (await countPins(rig)) - before;
  if (made !== freshNames) throw new Error(`${made} new pins, not ${freshNames}`);
  // As long as an answer is good, whatever its TTL says.
  await sleep(6000);
  const again = steady(await rig.run('ours', call));
  const value = Number((median(first) - median(again)).toFixed(3));
  const note = `median of ${first.length}; ${median(first).toFixed(3)} ms, p99 ${percentile99(first).toFixed(3)} ms, beside ${median(again).toFixed(3)} ms where the address was pinned; the upstream is asked both times`;
  return [makeRow({ name: 'a new pin adds to a dial', value, unit: 'ms', atMost: 5, note })];
}

async function countPins(rig: Rig): Promise<number> {
  const list = `nft list set ip cloister pins | grep -oE '198[.]19[.]0[.][0-9]+ [.]' | wc -l`;
  return Number(await engine(['exec', '--user', '0', rig.box, 'sh', '-c', list]));
}

async function measureRefusals(rig: Rig): Promise<Row[]> {
  const calls: Readonly<Record<string, Call>> = {
    'a denied port, to the reset': { verb: 'knock', target: { ...denied, port: 81 }, count: 500 },
    'a denied name, to the alert': { verb: 'refuse', target: denied, count: 500 },
  };
  const rows: Row[] = [];
  for (const [name, call] of Object.entries(calls)) {
    const times = steady(await rig.run('ours', call));
    const value = Number(percentile99(times).toFixed(3));
    const note = `${median(times).toFixed(3)} ms at the median`;
    rows.push(makeRow({ name: `p99 from try to error: ${name}`, value, unit: 'ms', atMost: 20, note }));
  }
  return rows;
}

/** In turns, so that a busy moment of the machine hits all alike.  @returns a figure of each round by place. */
async function inTurns(
  { rig, call, rounds: most }: { readonly rig: Rig; readonly call: Call; readonly rounds: number },
  figure: (found: unknown) => number,
): Promise<Partial<Record<Place, number[]>>> {
  const found: Record<(typeof places)[number], number[]> = {
    direct: [],
    haproxy: [],
    ours: [],
    'haproxy-1': [],
  };
  for (let round = 0; round < most; round++)
    for (const place of places) found[place].push(figure(await rig.run(place, call)));
  return found;
}

function steady(times: unknown): number[] {
  return (times as number[]).slice(warming);
}

function percentile99(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
}
