import {
  attachToBox,
  type BootFacts,
  type BootTimes,
  bootBox,
  bootPlainly,
  withPlainImage,
} from '../boots.ts';
import { withInternet } from '../internet.ts';
import { makeRow, median, type Row } from '../row.ts';

const peer = 'plain script';
const rounds = [
  { names: 30, runs: 5, atMost: 0.5 },
  { names: 1000, runs: 3, atMost: 0.1 },
] as const;

/** Time from the container's start until the box is of use, beside the plain script with the same flags. */
export default async function measureBoot(): Promise<Row[]> {
  const most = Math.max(...rounds.map(({ names }) => names));
  return withPlainImage(() =>
    withInternet(most, async ({ flags, allowlist }) => {
      const rows: Row[] = [];
      for (const round of rounds)
        rows.push(...(await measureRound({ flags, allowlist: allowlist(round.names) }, round)));
      return rows;
    }),
  );
}

async function measureRound(
  facts: BootFacts,
  { names, runs, atMost }: (typeof rounds)[number],
): Promise<Row[]> {
  const ours: BootTimes[] = [];
  const attached: number[] = [];
  const theirs: BootTimes[] = [];
  // In turns, so that a busy moment of the machine hits all alike.
  for (let run = 0; run < runs; run++) {
    ours.push(await bootBox(facts));
    attached.push(await attachToBox(facts));
    theirs.push(await bootPlainly(facts));
    console.error(
      `bench: ${names} names, run ${run + 1}: ${JSON.stringify([ours.at(-1), attached.at(-1), theirs.at(-1)])}`,
    );
  }
  const middle = (times: readonly BootTimes[], what: 'firewall' | 'pinned' | 'ready') =>
    median(times.map((each) => each[what]));
  const selfTest = median(ours.map((each) => each.selfTest ?? Number.NaN));
  const row = (name: string, value: number, what: 'firewall' | 'pinned' | 'ready') =>
    makeRow({
      name: `${name}, ${names} names`,
      value,
      unit: 'ms',
      peer: { name: peer, value: middle(theirs, what) },
      atMost,
    });
  return [
    row('start to firewall up', middle(ours, 'firewall'), 'firewall'),
    row('start to allowlist pinned', middle(ours, 'pinned'), 'pinned'),
    row('start to ready', middle(ours, 'ready'), 'ready'),
    row('start to attachable', median(attached), 'ready'),
    makeRow({ name: `self-test, ${names} names`, value: selfTest, unit: 'ms', atMost: 500 }),
  ];
}
