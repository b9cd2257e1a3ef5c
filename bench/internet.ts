import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { image, prefix, program, root } from './engine.ts';

const run = promisify(execFile);
/** Milliseconds every answer of the upstream takes. */
export const upstreamDelay = 20;
/** Addresses of each made-up name: popular names have one to a dozen. */
const addressesEach = 2;
/** Its network's addresses are one set for the machine: another run may hold them for some minutes. */
const attempts = 60;
const pause = 5000;

/** Names the boot itself needs, with the last part of their addresses; the rest of an allowlist is made up. */
const services: Readonly<Record<string, number>> = {
  'github.com': 20,
  'api.github.com': 20,
  'api.anthropic.com': 30,
  'platform.claude.com': 30,
};
/** Networks the internet may have: whichever is free. Tests take the second one. */
const subnets = process.env.BENCH_SUBNET?.split(' ') ?? ['198.51.100.128/25', '198.51.100.0/25'];

export interface Internet {
  /** Flags by which a box joins, settings included. */
  readonly flags: readonly string[];
  readonly network: string;
  readonly dns: string;
  /** A file on the host. */
  readonly ca: string;
  /** @returns the address with this last part, counted from the start of the network. */
  at(part: number): string;
  /** Puts JSON to paths of its control API. */
  put(entries: Readonly<Record<string, unknown>>): Promise<void>;
  /** @returns a file on the host that holds this many names, all of them answered after the delay. */
  allowlist(names: number): string;
}

/** Starts the fake internet of the tests with a slow upstream, for as long as `work` lasts. */
export async function withInternet<T>(most: number, work: (internet: Internet) => Promise<T>): Promise<T> {
  const name = `${prefix}-net`;
  const tool = (file: string) => join(root, 'test/internet', file);
  const facts = await start(tool('up'), name);
  try {
    const internet = describe(name, facts);
    await internet.put(zoneOf(namesOf(most), internet.dns));
    return await work(internet);
  } finally {
    await run(tool('down'), [name]).catch(() => {});
  }
}

type Facts = Readonly<Record<string, string>>;

async function start(up: string, name: string): Promise<Facts> {
  for (let left = attempts; ; left--) {
    try {
      const subnet = subnets[left % subnets.length] ?? '';
      const { stdout } = await run(up, [name, '--image', image, '--subnet4', subnet]);
      return Object.fromEntries(
        stdout
          .trim()
          .split('\n')
          .map((line) => line.split(/=(.*)/s).slice(0, 2)),
      );
    } catch (error) {
      const taken = /overlap|already in use|conflict/i.test((error as Error).message);
      if (left <= 1 || !taken) throw error;
      if (left === attempts)
        console.error('bench: the network of the fake internet is taken, waiting for it');
      await sleep(pause);
    }
  }
}

function describe(name: string, facts: Facts): Internet {
  const dns = facts.DNS ?? '';
  return {
    flags: flagsOf(facts),
    network: facts.NETWORK ?? '',
    dns,
    ca: facts.CA ?? '',
    at: (part) => besideDns(dns, part),
    put: (entries) => put(name, entries),
    allowlist: (names) => writeAllowlist(facts, namesOf(names)),
  };
}

function zoneOf(names: readonly string[], dns: string): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    names.map((host, index) => {
      const entry = { a: addressesOf(host, index, dns), delayMs: upstreamDelay, ttl: 300 };
      return [`/dns/zone/${host}`, entry];
    }),
  );
}

/** One call for everything: the entries go in as a script, for a thousand processes would take minutes. */
async function put(name: string, entries: Readonly<Record<string, unknown>>): Promise<void> {
  const script = `
    const { request } = await import('node:http');
    for (const [path, entry] of Object.entries(${JSON.stringify(entries)})) {
      await new Promise((resolve, reject) => {
        const options = { socketPath: '/run/internet/control.sock', method: 'PUT', path };
        const call = request(options, (answer) => {
          answer.resume().on('end', () => (answer.statusCode === 200 ? resolve() : reject(new Error(path))));
        });
        call.on('error', reject).end(JSON.stringify(entry));
      });
    }`;
  const file = join(root, 'build/internet', name, 'entries.mjs');
  writeFileSync(file, script);
  // Its root is read-only: the script goes in over stdin.
  const command = '"$0" exec -i "$1-internet" node --input-type=module - <"$2"';
  await run('bash', ['-euc', command, program(), name, file]);
}

function namesOf(count: number): string[] {
  const made = Array.from({ length: count }, (_, index) => `host-${index + 1}.bench.test`);
  return [...Object.keys(services), ...made].slice(0, count);
}

/** Addresses of the range for benchmarks (RFC 2544), each one's own: one pin, one iptables call each. */
function addressesOf(name: string, index: number, dns: string): string[] {
  const service = services[name];
  if (service !== undefined) return [besideDns(dns, service)];
  return Array.from({ length: addressesEach }, (_, which) => {
    const number = index * addressesEach + which;
    return `198.18.${number >> 8}.${number & 255}`;
  });
}

/** The DNS server is the 53rd address of its network, whichever half that is. */
function besideDns(dns: string, part: number): string {
  const octets = dns.split('.').map(Number);
  return [...octets.slice(0, 3), (octets[3] ?? 0) - 53 + part].join('.');
}

function writeAllowlist(facts: Facts, names: readonly string[]): string {
  const file = join(root, 'build/internet', facts.NETWORK ?? '', `domains-${names.length}.conf`);
  writeFileSync(file, `${names.join('\n')}\n`);
  return file;
}

function flagsOf(facts: Facts): string[] {
  const settings = {
    EXTRA_CA_CERTS: '/certs/ca.pem',
    DNS_UPSTREAM: facts.DNS,
    ALLOW_PRIVATE: '198.51.100.0/24,198.18.0.0/15',
    GH_PAT: facts.GH_PAT,
    CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-bench',
    REPO_URL: 'https://github.com/cloister-demo/hello',
    LOG_FORMAT: 'json',
  };
  const variables = Object.entries(settings).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
  return [
    ...['--network', facts.NETWORK ?? '', '--dns', facts.DNS ?? ''],
    ...['--volume', `${facts.CA}:/certs/ca.pem:ro`, ...variables],
  ];
}
