import { setTimeout as sleep } from 'node:timers/promises';
import { engine, followLog, image, prefix, referenceFlags, withContainer } from '../engine.ts';
import { ownProcesses, readMemory } from '../processes.ts';
import { makeRow, type Row } from '../row.ts';

/** Milliseconds after which a box that is ready counts as idle. */
const settle = 10_000;
/** Milliseconds to wait for the end of other programs that share Node's pages, which would flatter Pss. */
const longestWait = 60_000;
const most = { private: 48, pss: 72 };

/**
 * Memory of init and the egress process together, idle, in a network that leads nowhere: the fake internet is a
 * Node process itself.
 */
export default async function measureMemory(): Promise<Row[]> {
  const network = `${prefix}-alone`;
  await engine(['network', 'create', '--internal', network]);
  try {
    return await withContainer({ name: `${prefix}-idle`, args: [...flags(network), image] }, async () => {
      await followLog(`${prefix}-idle`, ({ event }) => event === 'boot.ready', 120_000);
      await sleep(settle);
      return await measure(`${prefix}-idle`);
    });
  } finally {
    await engine(['network', 'rm', network]).catch(() => {});
  }
}

function flags(network: string): string[] {
  const settings = ['GH_PAT=none', 'CLAUDE_CODE_OAUTH_TOKEN=sk-ant-oat01-bench', 'DNS_UPSTREAM=198.51.100.53'];
  const variables = [...settings, 'LOG_FORMAT=json'].flatMap((setting) => ['--env', setting]);
  return [...referenceFlags, '--network', network, ...variables];
}

async function measure(name: string): Promise<Row[]> {
  const init = Number(await engine(['inspect', '--format', '{{.State.Pid}}', name]));
  let found = ownProcesses(init);
  for (const start = Date.now(); found.sharing > 0 && Date.now() - start < longestWait; ) {
    await sleep(1000);
    found = ownProcesses(init);
  }
  const note =
    found.sharing > 0 ? `${found.sharing} other processes shared Node's pages: Pss is too low` : undefined;
  const memory = readMemory(found.own);
  const total = (what: 'private' | 'pss' | 'rss') =>
    megabytes(memory.map((each) => each[what]).reduce((sum, value) => sum + value, 0));
  const each = memory.map((one) =>
    makeRow({ name: `private memory of ${one.name}, idle`, value: megabytes(one.private), unit: 'MB' }),
  );
  return [
    makeRow({ name: 'private memory of all that is ours, idle', value: total('private'), unit: 'MB', atMost: most.private }),
    makeRow({ name: 'Pss of all that is ours, idle', value: total('pss'), unit: 'MB', atMost: most.pss, note }),
    ...each,
  ];
}

/** A megabyte of memory is 1024² bytes here, as in the sizes of the settings. */
function megabytes(kilobytes: number): number {
  return Number((kilobytes / 1024).toFixed(1));
}
