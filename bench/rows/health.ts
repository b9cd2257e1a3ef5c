import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { engine, followLog, image, prefix, referenceFlags, withContainer } from '../engine.ts';
import { makeRow, median, type Row } from '../row.ts';

const name = `${prefix}-health`;
/** Starts of Node that do nothing, which a run may cost in CPU, in the container's processes all together, init's part among them. */
const most = 1.6;
const bareNode = ['/usr/local/bin/node', '--disable-sigusr1', '--max-semi-space-size=1', '-e', '0'];
const runs = 60;
const rounds = 3;
/** Milliseconds after which a box that is ready is idle. */
const settle = 5000;

/**
 * CPU time of one `cloister health`, from the container's own account: the command, and what init does to answer it.
 * What the engine takes to enter the container is on that account as well, and is measured with an empty program and
 * taken off; so is what the idle box takes meanwhile. It is judged by what a start of the same Node costs in the same way.
 */
export default async function measureHealth(): Promise<Row[]> {
  return withContainer({ name, args: [...flags(), image] }, async () => {
    await followLog(name, ({ event }) => event === 'boot.ready', 120_000);
    await sleep(settle);
    const account = await findAccount();
    const costs = { entering: [] as number[], bare: [] as number[], check: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      const idle = await idleRate(account);
      costs.entering.push(await costOf(account, ['/usr/bin/true'], idle));
      costs.bare.push(await costOf(account, bareNode, idle));
      costs.check.push(await costOf(account, ['cloister', 'health'], idle));
    }
    // Least from least: one loaded round of the empty program would make the others look cheap.
    const entering = Math.min(...costs.entering);
    const middle = (median(costs.check) - median(costs.entering)).toFixed(1);
    const note = `least of ${rounds} rounds of ${runs} runs: load only ever adds; median ${middle}; entering ${entering.toFixed(1)}`;
    return [
      makeRow({
        name: 'CPU of one health check',
        value: Number((Math.min(...costs.check) - entering).toFixed(1)),
        unit: 'ms',
        peer: { name: 'bare Node', value: Number((Math.min(...costs.bare) - entering).toFixed(1)) },
        atMost: most,
        note,
      }),
    ];
  });
}

function flags(): string[] {
  const settings = ['GH_PAT=none', 'CLAUDE_CODE_OAUTH_TOKEN=sk-ant-oat01-bench', 'LOG_FORMAT=json'];
  return [
    ...referenceFlags,
    '--network',
    'none',
    '--no-healthcheck',
    ...settings.flatMap((one) => ['--env', one]),
  ];
}

/** @returns a function that tells the container's CPU time in milliseconds; control groups of both versions. */
async function findAccount(): Promise<() => number> {
  const id = (await engine(['inspect', '--format', '{{.Id}}', name])).trim();
  const first = findFolder('/sys/fs/cgroup/cpuacct', id);
  if (first !== null) return () => Number(readFileSync(`${first}/cpuacct.usage`, 'utf8')) / 1e6;
  const second = findFolder('/sys/fs/cgroup', id);
  if (second === null) throw new Error('the container has no control group that tells its CPU time');
  return () => Number(/^usage_usec ([0-9]+)/m.exec(readFileSync(`${second}/cpu.stat`, 'utf8'))?.[1]) / 1000;
}

function findFolder(top: string, id: string): string | null {
  try {
    const found = readdirSync(top, { recursive: true, encoding: 'utf8' }).find((path) => path.includes(id));
    return found === undefined ? null : `${top}/${found}`;
  } catch {
    return null;
  }
}

/** @returns milliseconds of CPU a millisecond of time. */
async function idleRate(account: () => number): Promise<number> {
  const before = account();
  await sleep(settle);
  return (account() - before) / settle;
}

async function costOf(account: () => number, argv: readonly string[], idle: number): Promise<number> {
  const [before, start] = [account(), performance.now()];
  for (let run = 0; run < runs; run++) await engine(['exec', name, ...argv]);
  return (account() - before - idle * (performance.now() - start)) / runs;
}
