import { engine, followLog, image, prefix, referenceFlags, withContainer } from '../engine.ts';
import { withInternet } from '../internet.ts';
import { makeRow, median, type Row } from '../row.ts';

const runs = 3;
/** Files the agent has changed or made, of a kilobyte each. */
const counts = [0, 1, 100, 10_000];
const deadline = 120_000;

/** Milliseconds from `docker stop` to the container's exit, the rescue of work included. */
export default async function measureRescue(): Promise<Row[]> {
  return withInternet(0, async ({ flags, put }) => {
    const rows: Row[] = [];
    for (const count of counts) {
      const times: number[] = [];
      for (let run = 0; run < runs; run++) {
        const repository = `cloister-demo/rescue-${count}-${run}`;
        await put({ [`/github/repos/${repository}`]: { isPrivate: true, files: { 'README.md': 'one\n' } } });
        times.push(await stopBox(flags, repository, count));
      }
      rows.push(
        makeRow({
          name: `stop, ${count} changed files to save`,
          value: Math.round(median(times)),
          unit: 'ms',
          atMost: 10_000,
        }),
      );
    }
    return rows;
  });
}

async function stopBox(flags: readonly string[], repository: string, count: number): Promise<number> {
  const name = `${prefix}-rescue`;
  const own = ['--env', `REPO_URL=https://github.com/${repository}`];
  return withContainer({ name, args: [...referenceFlags, ...flags, ...own, image] }, async () => {
    await followLog(name, ({ event }) => event === 'boot.ready', deadline);
    const work = `cd /workspace/repo && for ((i = 0; i < ${count}; i++)); do head -c 750 /dev/urandom | base64 >file-$i; done`;
    await engine(['exec', '--user', '1000:1000', name, 'bash', '-c', work]);
    const start = Date.now();
    await engine(['stop', '--time', '60', name]);
    const took = Date.now() - start;
    await followLog(name, ({ event }) => event === (count === 0 ? 'rescue.nothing' : 'rescue.saved'), 5000);
    return took;
  });
}
