import { engine, prefix, withImage } from '../engine.ts';
import { type Rig, raw, withBox, withRig } from '../proxy/rig.ts';
import { makeRow, median, type Row } from '../row.ts';

const counts = [10, 1000, 10_000] as const;
const rounds = 4;
const chained = `${prefix}-chain`;
/** «Does not grow», on a machine that is never quite still. */
const level = 1.1;

type Pinning = 'set' | 'chain';
type Costs = Record<(typeof counts)[number], { trip: number; connection: number }>;

/** What pinned addresses cost the egress user's own connections, by their number; the one it dials is the last. */
export default async function measureFirewall(): Promise<Row[]> {
  return withImage({ tag: chained, file: 'bench/proxy/chain.Dockerfile' }, () =>
    withRig(async (rig) => {
      const set = await measureBox(rig, 'set');
      const chain = await withBox(rig.internet, chained, (other) => measureBox(other, 'chain'));
      return [...rowsOf('set', set), ...rowsOf('chain', chain)];
    }),
  );
}

async function measureBox(rig: Rig, pinning: Pinning): Promise<Costs> {
  const found = counts.map((count) => ({ count, trips: [] as number[], connections: [] as number[] }));
  for (let round = 0; round < rounds; round++) {
    for (const { count, trips, connections } of found) {
      await fill(rig, pinning, count);
      const call = { target: raw, count: 5000 };
      trips.push(Number(await rig.run('egress', { ...call, verb: 'echo' })));
      const times = (await rig.run('egress', { ...call, verb: 'reach', count: 600 })) as number[];
      connections.push(median(times.slice(100)) * 1000);
    }
  }
  // The least of the rounds: a busy machine only ever adds.
  return Object.fromEntries(
    found.map(({ count, trips, connections }) => [
      count,
      { trip: Math.min(...trips), connection: Math.min(...connections) },
    ]),
  ) as Costs;
}

/** Pins so many made-up addresses, and the host outside behind all of them. */
async function fill(rig: Rig, pinning: Pinning, count: number): Promise<void> {
  const made = `for (i = 0; i < ${count - 1}; i++) pin("198.18." int(i / 256) "." i % 256, 443); pin("${rig.outside}", ${raw.port})`;
  const commands = {
    set: `awk 'function pin(host, port) { printf "%s%s . %d", mark, host, port; mark = ", " }
      BEGIN { print "flush set ip cloister pins"; printf "add element ip cloister pins { "; ${made}; print " }" }' | nft -f -
      nft list set ip cloister pins | grep -o ' \\. ' | wc -l`,
    chain: `awk 'function pin(host, port) { print "-A CLOISTER-PINS -d " host "/32 -p tcp -m tcp --dport " port " -j ACCEPT" }
      BEGIN { print "*filter"; print ":CLOISTER-PINS - [0:0]"; ${made}; print "COMMIT" }' | iptables-nft-restore --noflush
      iptables-nft -S CLOISTER-PINS | grep -c ACCEPT`,
  };
  const standing = await engine(['exec', '--user', '0', rig.box, 'sh', '-ec', commands[pinning]]);
  const there = Number(standing.trim()) - (pinning === 'set' ? 1 : 0);
  if (there !== count) throw new Error(`${there} pins stand where ${count} should`);
}

function rowsOf(pinning: Pinning, costs: Costs): Row[] {
  const [least, , most] = counts;
  const row = (what: string, of: (at: (typeof counts)[number]) => number, isBound: boolean) => {
    const slope = ((of(most) - of(least)) / (most - least)) * 1000;
    return makeRow({
      name: `${what} at ${most} pins in a ${pinning}`,
      value: Number(of(most).toFixed(1)),
      unit: 'us',
      peer: { name: `at ${least} pins`, value: Number(of(least).toFixed(1)) },
      note: `${of(1000).toFixed(1)} us at 1000; ${slope.toFixed(2)} us more for every 1000 pins`,
      ...(isBound ? { atMost: level } : {}),
    });
  };
  return [
    row('round trip of a standing connection', (at) => costs[at].trip, true),
    row('new connection', (at) => costs[at].connection, pinning === 'set'),
  ];
}
