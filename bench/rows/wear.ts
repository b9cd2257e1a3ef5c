import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { engine, followLog, image, prefix, program, referenceFlags, root, withContainer } from '../engine.ts';
import { makeRow, type Row } from '../row.ts';

const run = promisify(execFile);
const box = `${prefix}-wear`;
const ways = [
  ...['busy_loops', 'fork_bomb', 'memory_bomb', 'full_disks', 'empty_files', 'descriptors'],
  ...['terminals', 'system_v', 'connections', 'names'],
];
/** Seconds each lasts. */
const lasts = 8;
const most = { answer: 1000, recovery: 30_000 };

/** How long `cloister status` takes, as an operator asks it from outside, while the agent wears a small box down. */
export default async function measureWear(): Promise<Row[]> {
  const network = `${box}-net`;
  await engine(['network', 'create', '--internal', network]);
  try {
    return await withContainer({ name: box, args: [...flags(network), image] }, async () => {
      await followLog(box, ({ event }) => event === 'boot.ready', 120_000);
      await sleep(5000);
      const rows: Row[] = [await answerRow('nothing', () => sleep(lasts * 1000))];
      for (const way of ways) {
        rows.push(await answerRow(way, () => wearDown(way)));
        rows.push(await recoveryRow(way));
      }
      return rows;
    });
  } finally {
    await engine(['network', 'rm', network]).catch(() => {});
  }
}

function flags(network: string): string[] {
  const small = referenceFlags.map((flag) =>
    /^--tmpfs=\/(tmp|workspace|home)/.test(flag)
      ? flag.replace(/size=[0-9]+[mg]/, 'size=64m').replace(/nr_inodes=[0-9]+/, 'nr_inodes=65536')
      : flag.replace(/^--memory=.*/, '--memory=1g').replace(/^--pids-limit=.*/, '--pids-limit=600'),
  );
  const settings = [
    'GH_PAT=none',
    'CLAUDE_CODE_OAUTH_TOKEN=sk-ant-oat01-bench',
    'DNS_UPSTREAM=198.51.100.53',
  ];
  const variables = [...settings, 'LOG_FORMAT=json'].flatMap((setting) => ['--env', setting]);
  return [
    ...small,
    '--network',
    network,
    '--volume',
    `${root}/test/attacks/fixtures:/attacks:ro`,
    ...variables,
  ];
}

/** As the agent, under its whole profile: the box's own tmux server runs it. */
async function wearDown(way: string): Promise<void> {
  const line = `timeout -s KILL ${lasts + 20} python3 -B /attacks/wear.py ${way} ${lasts} >/dev/null 2>&1`;
  const tmux = ['tmux', '-N', '-S', '/run/cloister/session/tmux', 'run-shell', '-b', line];
  await engine(['exec', box, 'setpriv', '--reuid=1000', '--regid=1000', '--clear-groups', ...tmux]);
  await sleep(lasts * 1000);
}

/** The slowest answer, and the middle one in the note. */
async function answerRow(way: string, work: () => Promise<void>): Promise<Row> {
  const took: number[] = [];
  let over = false;
  const done = work().then(() => {
    over = true;
  });
  while (!over) {
    took.push(await timed(['exec', box, 'cloister', 'status', '--json']));
    await sleep(200);
  }
  await done;
  const sorted = took.toSorted((one, other) => one - other);
  const note = `median of ${took.length}: ${sorted[Math.floor(took.length / 2)]} ms`;
  const value = sorted.at(-1) ?? null;
  return makeRow({ name: `slowest status during ${way}`, value, unit: 'ms', atMost: most.answer, note });
}

async function timed(args: readonly string[]): Promise<number> {
  const since = performance.now();
  // An answer that never comes counts as long as it was waited for.
  await run(program(), [...args], { timeout: 60_000 }).catch(() => {});
  return Math.round(performance.now() - since);
}

/** Claude is started again by a key in its pane, where it went with the bomb. */
async function recoveryRow(way: string): Promise<Row> {
  const since = performance.now();
  const enter = [
    'tmux',
    '-N',
    '-S',
    '/run/cloister/session/tmux',
    'send-keys',
    '-t',
    'cloister:1.0',
    'Enter',
  ];
  for (;;) {
    const { stdout } = await run(program(), ['exec', box, 'cloister', 'health']).catch(
      (error: { stdout?: string }) => ({ stdout: error.stdout ?? '' }),
    );
    if (stdout.trim() === 'healthy' || performance.now() - since > 2 * most.recovery) break;
    if (stdout.includes('agent is not running'))
      await engine([
        'exec',
        box,
        'setpriv',
        '--reuid=1000',
        '--regid=1000',
        '--clear-groups',
        ...enter,
      ]).catch(() => {});
    await sleep(300);
  }
  const value = Math.round(performance.now() - since);
  return makeRow({ name: `healthy again after ${way}`, value, unit: 'ms', atMost: most.recovery });
}
