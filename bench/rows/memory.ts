import { setTimeout as sleep } from 'node:timers/promises';
import { engine, followLog, prefix, referenceFlags, root, withContainer, withImage } from '../engine.ts';
import { type Memory, ownProcesses, readMemory } from '../processes.ts';
import { makeRow, median, type Row } from '../row.ts';

/** Milliseconds after which a box that is ready counts as idle. */
const settle = 10_000;
const alone = `${prefix}-alone`;
/** Milliseconds within which both give back what their work needed: they look every ten seconds. */
const afterwards = 45_000;
/** Megabytes that both have written. Pss has no target: pages of Node's file that are mapped are the kernel's to drop. */
const most = 48;

/** How much of Node's own file is mapped differs from boot to boot by some megabytes. */
const runs = 3;

/**
 * Memory of init and the egress process together, idle, in a network that leads nowhere: the fake internet is a
 * Node process itself.
 */
export default async function measureMemory(): Promise<Row[]> {
  const network = `${alone}-net`;
  await engine(['network', 'create', '--internal', network]);
  try {
    return await withImage({ tag: alone, file: 'bench/memory.Dockerfile' }, async () => {
      const found: Found[] = [];
      while (found.length < runs) found.push(await bootAndRest(network));
      const after = await bootAndRest(network, soak);
      return [...rowsOf(found, 'idle'), ...rowsOf([after], 'after the soak').slice(0, 2)];
    });
  } finally {
    await engine(['network', 'rm', network]).catch(() => {});
  }
}

interface Found {
  readonly memory: readonly Memory[];
  /** Processes beside ours that run the same file. */
  readonly sharing: number;
}

async function bootAndRest(network: string, work = async () => {}): Promise<Found> {
  return withContainer({ name: alone, args: [...flags(network), alone] }, async () => {
    await followLog(alone, ({ event }) => event === 'boot.ready', 120_000);
    await sleep(settle);
    await work();
    const { own, sharing } = ownProcesses(
      Number(await engine(['inspect', '--format', '{{.State.Pid}}', alone])),
    );
    return { memory: readMemory(own), sharing };
  });
}

/** A minute of what gives both most to do, and the time in which they give back what it took. */
async function soak(): Promise<void> {
  for (const [way, seconds] of [
    ['names', 30],
    ['connections', 15],
    ['refusals', 15],
  ]) {
    const line = `timeout 60 python3 -B /attacks/wear.py ${way} ${seconds} >/dev/null 2>&1 || true`;
    const tmux = ['tmux', '-N', '-S', '/run/cloister/session/tmux', 'run-shell', line];
    await engine(['exec', alone, 'setpriv', '--reuid=1000', '--regid=1000', '--clear-groups', ...tmux]);
  }
  await sleep(afterwards);
}

function flags(network: string): string[] {
  const settings = [
    'GH_PAT=none',
    'CLAUDE_CODE_OAUTH_TOKEN=sk-ant-oat01-bench',
    'DNS_UPSTREAM=198.51.100.53',
  ];
  const variables = [...settings, 'LOG_FORMAT=json'].flatMap((setting) => ['--env', setting]);
  const fixtures = ['--volume', `${root}/test/attacks/fixtures:/attacks:ro`];
  return [...referenceFlags, '--network', network, ...fixtures, ...variables];
}

function rowsOf(found: readonly Found[], when: string): Row[] {
  const sharing = Math.max(...found.map((each) => each.sharing));
  const flattered =
    sharing > 0 ? `up to ${sharing} other processes shared Node's pages: it is too low` : undefined;
  const middle = (what: 'private' | 'pss', of: (name: string) => boolean = () => true) =>
    megabytes(
      median(found.map(({ memory }) => sum(memory.filter(({ name }) => of(name)).map((each) => each[what])))),
    );
  const row = (name: string, value: number, more = {}) =>
    makeRow({ name: `${name}, ${when}`, value, unit: 'MB', ...more });
  return [
    row('private memory of all that is ours', middle('private'), { atMost: most, flattered }),
    row('Pss of all that is ours', middle('pss'), { flattered }),
    ...(found[0]?.memory ?? []).map(({ name: one }) =>
      row(
        `private memory of ${one}`,
        middle('private', (name) => name === one),
      ),
    ),
  ];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** A megabyte of memory is 1024² bytes here, as in the sizes of the settings. */
function megabytes(kilobytes: number): number {
  return Number((kilobytes / 1024).toFixed(1));
}
