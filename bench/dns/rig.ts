import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { engine, prefix, program, root, withContainer, withImage } from '../engine.ts';

const name = `${prefix}-dns`;
const folder = join(root, 'build/dns', prefix);
/** Where the rig's servers listen, on loopback of a container without a network. */
export const ports = { upstream: 5300, ours: 5301, dnsmasq: 5302, unbound: 5303 } as const;
/** Names that the upstream knows and the allowlist has. */
export const known = Array.from({ length: 6000 }, (_, index) => `host-${index + 1}.bench.test`);

export interface Rig {
  /** Asks a server with dnsperf.  @param flags without server, port and input. */
  ask(port: number, names: readonly string[], flags: readonly string[]): Promise<Asked>;
}

export interface Asked {
  readonly perSecond: number;
  readonly lost: number;
  /** Milliseconds of every query in ascending order; empty unless the flags say -v. */
  readonly latencies: readonly number[];
}

/** Starts the upstream, our resolver and its peers in one container, for as long as `work` lasts. */
export async function withRig<T>(work: (rig: Rig) => Promise<T>): Promise<T> {
  await bundle();
  writeFileSync(join(folder, 'rules.conf'), `${known.join('\n')}\n`);
  const mounts = [`${folder}:/bench/run:ro`, `${join(root, 'bench/peers')}:/bench/peers:ro`];
  const start = {
    name,
    args: ['--network', 'none', ...mounts.flatMap((mount) => ['--volume', mount]), name],
  };
  return withImage(
    { tag: name, file: 'bench/dns/Dockerfile', packages: 'dnsmasq-base dnsperf unbound' },
    () =>
      withContainer(start, async () => {
        await startPeers();
        await startOurs();
        await sleep(2000);
        return work({ ask });
      }),
  );
}

/** The same bundle as the product's, from the same sources. */
async function bundle(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const require =
    "import { createRequire as rigRequire } from 'node:module';const require = rigRequire(import.meta.url);";
  await build({
    entryPoints: ['resolver', 'hold'].map((file) => join(root, 'bench/dns', `${file}.ts`)),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    minifySyntax: true,
    platform: 'node',
    target: 'node26',
    format: 'esm',
    alias: { 'dns2/packet': join(root, 'node_modules/dns2/packet.js') },
    banner: { js: require },
    logLevel: 'warning',
  });
}

async function startPeers(): Promise<void> {
  const run = (command: string) => engine(['exec', '--detach', name, 'sh', '-c', command]);
  const { upstream, dnsmasq, unbound } = ports;
  await run(`dnsmasq --conf-file=/bench/peers/dnsmasq-upstream.conf --user=root --port=${upstream}`);
  await run(
    `dnsmasq --conf-file=/bench/peers/dnsmasq.conf --user=root --port=${dnsmasq} --server=127.0.0.1#${upstream}`,
  );
  const forward = `forward-zone:\\n  name: "."\\n  forward-addr: 127.0.0.1@${upstream}`;
  const include = `include: "/bench/peers/unbound.conf"\\nserver:\\n  port: ${unbound}`;
  await run(`printf '${include}\\n${forward}\\n' >/tmp/unbound.conf && unbound -d -c /tmp/unbound.conf`);
}

/** Comes back when it runs. */
async function startOurs(): Promise<void> {
  const command = `exec /usr/local/bin/node /bench/run/hold.mjs ${ports.ours} ${ports.upstream} /bench/run/rules.conf`;
  await engine(['exec', '--detach', name, 'sh', '-c', `${command} >/tmp/pid`]);
  for (let left = 100; left > 0; left--) {
    if (Number(await engine(['exec', name, 'sh', '-c', 'cat /tmp/pid 2>/dev/null || true'])) > 0) return;
    await sleep(100);
  }
  throw new Error('the resolver did not start');
}

async function ask(port: number, names: readonly string[], flags: readonly string[]): Promise<Asked> {
  const input = names.map((one) => `${one} A\n`).join('');
  // It reads its input again and again, and waits for whoever reads its output: both are files.
  const command = `cat >/tmp/input && dnsperf -d /tmp/input -p ${port} ${flags.join(' ')} >/tmp/output && cat /tmp/output`;
  const text = await feed(['exec', '-i', name, 'sh', '-c', command], input);
  const field = (pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? Number.NaN);
  const latencies = [...text.matchAll(/^> \S+ \S+ \S+ ([0-9.]+)$/gm)].map(
    ([, seconds]) => Number(seconds) * 1000,
  );
  return {
    perSecond: field(/Queries per second:\s+([0-9.]+)/),
    lost: field(/Queries lost:\s+(\d+)/),
    latencies: latencies.sort((a, b) => a - b),
  };
}

async function feed(args: readonly string[], input: string): Promise<string> {
  const child = spawn(program(), [...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  // What ends before it has read everything says why on stderr; the rig is still to be taken down.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  let text = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) text += chunk;
  return text;
}
