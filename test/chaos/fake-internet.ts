import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { engine, exec, output } from './exec.ts';

const tools = join(import.meta.dirname, '../internet');
/** Its addresses are one set for the machine: another run may hold them for a while. A busy machine may be late. */
const attempts = 120;
const pause = 1000;

/** The world outside the box, as test/internet makes it. */
export interface FakeInternet {
  readonly name: string;
  readonly network: string;
  readonly dns: string;
  readonly token: string;
  /** A file on the host. */
  readonly ca: string;
  readonly allowed: string;
  readonly canary: string;
  ask(method: 'GET' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<unknown>;
}

/** Starts it for as long as `work` lasts. */
export async function withFakeInternet<T>(
  { name, image, folder }: { name: string; image: string; folder: string },
  work: (internet: FakeInternet) => Promise<T>,
): Promise<T> {
  try {
    return await work(describe(name, await start(name, image, folder)));
  } finally {
    await exec(join(tools, 'down'), [name]);
  }
}

async function start(name: string, image: string, folder: string): Promise<string> {
  const args = [name, '--image', image, '--folder', folder, '--subnet4', '198.51.100.0/25'];
  for (let left = attempts; ; left--) {
    const { code, stdout, stderr } = await exec(join(tools, 'up'), args);
    if (code === 0) return stdout;
    if (left <= 1 || !/overlap|does not answer/i.test(stderr))
      throw new Error(`the fake internet did not start: ${stderr}`);
    await sleep(pause);
  }
}

function describe(name: string, said: string): FakeInternet {
  const fact = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(said)?.[1] ?? '';
  return {
    name,
    network: fact('NETWORK'),
    dns: fact('DNS'),
    token: fact('GH_PAT'),
    ca: fact('CA'),
    allowed: fact('ALLOWED'),
    canary: fact('CANARY'),
    ask: async (method, path, body) => {
      const args = [name, method, path, ...(body === undefined ? [] : [JSON.stringify(body)])];
      const text = await patiently(() => output(join(tools, 'ctl'), args));
      return text.trim() === '' ? null : JSON.parse(text);
    },
  };
}

/** What is asked is the same however often: a busy machine may be late with its answer. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let left = 5; ; left--) {
    try {
      return await ask();
    } catch (error) {
      if (left <= 1) throw error;
      await sleep(pause);
    }
  }
}

/** Tries every way out from a container without a firewall, and throws unless each of them is heard. */
export async function provesToHear(internet: FakeInternet, image: string): Promise<void> {
  const program = join(import.meta.dirname, 'inside/try-out.py');
  await engine([
    ...[
      'run',
      '--rm',
      '--network',
      internet.network,
      '--dns',
      internet.dns,
      '--volume',
      `${program}:/try-out.py:ro`,
    ],
    ...['--entrypoint', 'python3', image, '/try-out.py', internet.allowed, internet.canary, '2'],
  ]);
  const heard = await heardOutside(internet);
  const missing = [
    'tcp to the canary',
    'tcp elsewhere',
    'udp to the canary',
    'tls-name',
    'http-host',
    'a denied name asked',
  ].filter((way) => !heard.includes(way));
  if (missing.length > 0) throw new Error(`the canary is deaf: ${missing.join(', ')} was not heard`);
  await internet.ask('DELETE', '/canary');
  await internet.ask('DELETE', '/dns/log');
}

/** @returns by which ways something was heard that nobody may send, each once. */
export async function heardOutside(internet: FakeInternet): Promise<string[]> {
  const { sightings } = (await internet.ask('GET', '/canary')) as {
    sightings: { transport: string; local: string }[];
  };
  const asked = (await internet.ask('GET', '/dns/log')) as { name?: string }[];
  const ways = sightings.map(({ transport, local }) => {
    if (transport !== 'tcp' && transport !== 'udp') return transport;
    return local === internet.canary ? `${transport} to the canary` : `${transport} elsewhere`;
  });
  const denied = asked.some(({ name }) => name?.endsWith('denied.test')) ? ['a denied name asked'] : [];
  return [...new Set([...ways, ...denied])];
}
