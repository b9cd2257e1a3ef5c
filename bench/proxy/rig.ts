import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  engine,
  followLog,
  image,
  prefix,
  referenceFlags,
  root,
  withContainer,
  withImage,
} from '../engine.ts';
import { type Internet, withInternet } from '../internet.ts';

/** The last part of the address of the host outside; the fake internet's hosts and its guests have others. */
const outsidePart = 90;
const peer = `${prefix}-haproxy`;
/** The same proxy in one thread. */
const single = `${prefix}-haproxy-1`;
const agent = '1000:1000';
const egress = '65053:65053';
const bootDeadline = 120_000;
let boxes = 0;

/** Names of the host outside, by what it speaks: octets as they are after a ClientHello on port 8443, or HTTPS. */
export const raw = { name: 'raw.bench.test', port: 8443 } as const;
export const web = { name: 'web.bench.test', port: 443 } as const;
/** Names below a wildcard, with an address each that leads to the host outside; the percent sign is their number. */
export const fresh = { name: 'n%.fresh.bench.test', port: raw.port } as const;
/** As many names and addresses, of the range for benchmarks (RFC 2544): less than what a wildcard lets out at once. */
export const freshNames = 90;
const freshRange = '198.19.0.0/24';
/** A name no rule has. */
export const denied = { name: 'denied.bench.test', port: 443 } as const;
export const packages = { name: 'registry.bench.test', port: 443 } as const;

/** From where something is measured. `direct` is the peer's container without the proxy. */
export type Place = 'ours' | 'haproxy' | 'haproxy-1' | 'direct' | 'egress';

export interface Rig {
  /** Runs a verb of client.ts in a place, against the address of a target or another one. */
  run(place: Place, call: Call): Promise<unknown>;
  /** Runs a command in a place. */
  command(place: Place, argv: readonly string[]): Promise<string>;
  readonly box: string;
  readonly outside: string;
  readonly internet: Internet;
}

export interface Call {
  readonly verb: string;
  readonly target: { readonly name: string; readonly port: number };
  readonly count: number;
  readonly more?: number;
  readonly address?: string;
}

/** Starts the internet, a host outside, a proxy and a box of this image, for as long as `work` lasts. */
export async function withRig<T>(
  work: (rig: Rig) => Promise<T>,
  { boxImage = image }: { readonly boxImage?: string } = {},
): Promise<T> {
  return withImage({ tag: peer, file: 'bench/proxy/Dockerfile', packages: 'haproxy' }, () =>
    withInternet(4, async (internet) => {
      const outside = internet.at(outsidePart);
      await internet.put(zoneOf(outside));
      return withContainer(outsideStart(internet, outside), () =>
        withContainer(peerStart(internet, outside, peer), () =>
          withContainer(peerStart(internet, outside, single), async () => {
            await asRoot(`${prefix}-outside`, ['ip', 'route', 'add', 'local', freshRange, 'dev', 'lo']);
            for (const proxy of [peer, single]) await leadTo(proxy);
            return withBox(internet, boxImage, work);
          }),
        ),
      );
    }),
  );
}

/** Starts one more box, of another image, on the same internet. */
export async function withBox<T>(
  internet: Internet,
  boxImage: string,
  work: (rig: Rig) => Promise<T>,
): Promise<T> {
  boxes += 1;
  const name = `${prefix}-proxied-${boxes}`;
  const mounts = mountsOf({ [writeRules(internet)]: '/etc/cloister/domains.conf' });
  const args = [...referenceFlags, ...internet.flags, ...mounts, boxImage];
  return withContainer({ name, args }, async () => {
    await followLog(name, ({ event }) => event === 'boot.ready', bootDeadline);
    // A route is no hole: what may go there the firewall decides.
    await asRoot(name, ['ip', 'route', 'add', freshRange, 'via', internet.at(outsidePart)]);
    return work(makeRig(internet, name));
  });
}

function makeRig(internet: Internet, box: string): Rig {
  const outside = internet.at(outsidePart);
  const places: Readonly<Record<Place, readonly string[]>> = {
    ours: ['--user', agent, '--env', 'HOME=/home/claude', box],
    haproxy: ['--user', agent, '--env', 'HOME=/home/claude', peer],
    'haproxy-1': ['--user', agent, '--env', 'HOME=/home/claude', single],
    direct: ['--user', '0', '--env', 'HOME=/home/claude', peer],
    egress: ['--user', egress, box],
  };
  const command = (place: Place, argv: readonly string[]) => engine(['exec', ...places[place], ...argv]);
  return {
    internet,
    outside,
    box,
    command,
    run: async (place, { verb, target, count, more = 0, address = outside }) => {
      const words = [verb, address, target.port, target.name, count, more].map(String);
      return JSON.parse(await command(place, ['node', '/bench/bench/proxy/client.ts', ...words]));
    },
  };
}

function zoneOf(outside: string): Readonly<Record<string, unknown>> {
  const made = Array.from({ length: freshNames }, (_, index) => [
    `/dns/zone/${fresh.name.replace('%', `${index}`)}`,
    { a: [freshRange.replace('0/24', `${index + 1}`)], ttl: 0 },
  ]);
  return {
    [`/dns/zone/${raw.name}`]: { a: [outside], ttl: 3600 },
    [`/dns/zone/${web.name}`]: { a: [outside], ttl: 3600 },
    [`/dns/zone/${packages.name}`]: { a: [outside], ttl: 3600 },
    ...Object.fromEntries(made),
  };
}

function writeRules(internet: Internet): string {
  const file = join(root, 'build/internet', internet.network, 'proxy.conf');
  const services = ['github.com', 'api.github.com', 'api.anthropic.com', 'platform.claude.com'];
  const rules = [raw, web, packages].map(({ name, port }) => `${name}:${port}`);
  rules.push(`*.fresh.bench.test:${fresh.port}`);
  writeFileSync(file, `${[...services, ...rules].join('\n')}\n`);
  return file;
}

function mountsOf(more: Readonly<Record<string, string>> = {}): string[] {
  const mounts = {
    [join(root, 'bench')]: '/bench/bench',
    [join(root, 'package.json')]: '/bench/package.json',
    ...more,
  };
  return Object.entries(mounts).flatMap(([from, to]) => ['--volume', `${from}:${to}:ro`]);
}

function outsideStart({ network }: Internet, address: string) {
  const flags = [
    '--network',
    network,
    '--ip',
    address,
    '--tmpfs',
    '/tmp',
    '--cap-add',
    'NET_ADMIN',
    ...mountsOf(),
  ];
  const args = [...flags, '--entrypoint', 'node', image, '/bench/bench/proxy/server.ts'];
  return { name: `${prefix}-outside`, args };
}

/** The same resources as the box, and none of its firewall: that is to the peer's advantage. */
function peerStart({ network, dns, ca }: Internet, outside: string, name: string) {
  const tmpfs = referenceFlags.filter((flag) => /^--tmpfs=.(workspace|tmp|home.claude):/.test(flag));
  const flags = ['--network', network, '--dns', dns, '--env', `OUTSIDE=${outside}`, '--cap-add', 'NET_ADMIN'];
  // The number of threads has to be said before any other section.
  const files = [...(name === single ? ['haproxy-1'] : []), 'haproxy'];
  const words = ['-W', ...files.flatMap((file) => ['-f', `/bench/bench/peers/${file}.cfg`])];
  return { name, args: [...flags, ...tmpfs, ...mountsOf({ [ca]: '/certs/ca.pem' }), peer, ...words] };
}

/** Leads what user 1000 dials to the proxy, by the rule that leads the agent to the proxy. */
async function leadTo(proxy: string): Promise<void> {
  for (const { port } of [raw, web]) {
    const rule = ['!', '-o', 'lo', '-p', 'tcp', '-m', 'owner', '--uid-owner', '1000', '--dport', `${port}`];
    const to = ['-j', 'DNAT', '--to-destination', '127.0.0.53:443'];
    await asRoot(proxy, ['iptables', '-t', 'nat', '-A', 'OUTPUT', ...rule, ...to]);
  }
}

async function asRoot(container: string, argv: readonly string[]): Promise<void> {
  await engine(['exec', '--user', '0', container, ...argv]);
}
