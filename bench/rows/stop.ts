import { spawn } from 'node:child_process';
import { kill } from 'node:process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { engine, followLog, prefix, program, referenceFlags, withContainer, withImage } from '../engine.ts';
import { withInternet } from '../internet.ts';
import { makeRow, median, type Row } from '../row.ts';

const tag = `${prefix}-stop`;
const runs = 5;
/** Milliseconds after which a box that is ready counts as idle. */
const settle = 5000;
/** As many as bench/stop/orphans.py leaves and waits for. */
const orphans = 1470;

/** How fast the box ends, how fast its children are back, how fast orphans are collected, beside tini. */
export default async function measureStop(): Promise<Row[]> {
  return withImage({ tag, file: 'bench/stop/Dockerfile', packages: 'tini' }, async () => {
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let run = 0; run < runs; run++) {
      ours.push(await stopOf(box(tag), true));
      theirs.push(await stopOf(tini(), false));
    }
    const { egress, rate } = await withContainer(box(tag), measureBox);
    const claude = await withInternet(1, ({ flags }) => measureClaude(flags));
    const rateOfTini = await withContainer(tini(), () => collect(tini().name));
    return [
      makeRow({
        name: 'stop of an idle box',
        value: median(ours),
        unit: 'ms',
        peer: { name: 'tini', value: median(theirs) },
      }),
      makeRow({
        name: 'egress process killed to resolver answering',
        value: egress,
        unit: 'ms',
        atMost: 1000,
      }),
      makeRow({ name: 'Claude killed to its prompt on the screen', value: claude, unit: 'ms' }),
      makeRow({
        name: 'orphans collected a second',
        value: rate,
        unit: '1/s',
        peer: { name: 'tini', value: rateOfTini },
      }),
    ];
  });
}

function box(name: string): { name: string; args: string[] } {
  const settings = [
    'GH_PAT=none',
    'CLAUDE_CODE_OAUTH_TOKEN=sk-ant-oat01-bench',
    'DNS_UPSTREAM=198.51.100.53',
  ];
  const variables = [...settings, 'LOG_FORMAT=json'].flatMap((setting) => ['--env', setting]);
  return { name, args: [...referenceFlags, '--network', 'none', ...variables, tag] };
}

function tini(): { name: string; args: string[] } {
  const entry = ['--entrypoint', '/usr/bin/tini', tag, '--', 'sleep', 'infinity'];
  return { name: `${tag}-tini`, args: [...referenceFlags, '--network', 'none', ...entry] };
}

/** @returns milliseconds from SIGTERM until the engine says that the container has ended. */
async function stopOf(start: { name: string; args: string[] }, boots: boolean): Promise<number> {
  return withContainer(start, async () => {
    if (boots) await followLog(start.name, ({ event }) => event === 'boot.ready', 120_000);
    await sleep(settle);
    const ended = engine(['wait', start.name]);
    const before = performance.now();
    await engine(['kill', '--signal', 'TERM', start.name]);
    await ended;
    return Math.round(performance.now() - before);
  });
}

async function measureBox(): Promise<{ egress: number; rate: number }> {
  await followLog(tag, ({ event }) => event === 'boot.ready', 120_000);
  await sleep(settle);
  const rate = await collect(tag);
  const egress = await linesOf(['exec', tag, 'python3', '/bench/egress.py']);
  return { egress: Math.round(median(egress)), rate };
}

/** Without a network Claude waits for one, at every start. */
async function measureClaude(flags: readonly string[]): Promise<number> {
  const name = `${tag}-claude`;
  return withContainer({ name, args: [...referenceFlags, ...flags, tag] }, async () => {
    await followLog(name, ({ event }) => event === 'boot.ready', 120_000);
    return Math.round(
      median(await linesOf(['exec', '--user', '1000:1000', name, 'python3', '/bench/claude.py'])),
    );
  });
}

async function linesOf(args: readonly string[]): Promise<number[]> {
  return (await engine(args)).trim().split('\n').map(Number);
}

/** @returns how many orphans a second PID 1 of that container collects once it may. It takes root on the machine. */
async function collect(name: string): Promise<number> {
  const rates: number[] = [];
  const pid = Number(await engine(['inspect', '--format', '{{.State.Pid}}', name]));
  for (let run = 0; run < runs; run++) rates.push(await collectOnce(name, pid));
  return Math.round(median(rates));
}

async function collectOnce(name: string, pid: number): Promise<number> {
  kill(pid, 'SIGSTOP');
  const child = spawn(program(), ['exec', name, 'python3', '/bench/orphans.py'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.startsWith('ready')) kill(pid, 'SIGCONT');
      else return (orphans / Number(line)) * 1_000_000;
    }
    throw new Error(`the orphans of ${name} were not counted`);
  } finally {
    kill(pid, 'SIGCONT');
  }
}
