import { resolve4 } from 'node:dns/promises';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Finding, proofAddresses, proofName } from '../core/finding.ts';
import { Paths } from '../core/paths.ts';
import { parseState } from '../core/state.ts';
import type { Host } from '../host/host.ts';

/** Ports that are tried where the wall itself refuses; on a port of the list it is the guard that does. */
const unguarded = [853, 8080, 22, 25];
const goodName = 'api.anthropic.com';
const patience = 2000;

type Check = (host: Host) => Promise<Omit<Finding, 'promise'>>;

/** The promises that a process of the agent's user can attack from inside, each with its attack. */
const checks: Readonly<Record<string, Check>> = {
  'the agent is no root': async () => {
    const uids = numbersOf('Uid');
    return judge(uids.length === 4 && !uids.includes('0'), `uids ${uids.join(' ')}`);
  },
  'the agent has no supplementary group': async () => {
    const own = numbersOf('Gid');
    const groups = numbersOf('Groups').filter((gid) => !own.includes(gid));
    return judge(groups.length === 0, `groups ${groups.join(' ')}`);
  },
  'the agent has no capability and can gain none': async () => {
    const status = readFileSync('/proc/self/status', 'utf8');
    const sets = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'];
    const clear = sets.every((name) => new RegExp(`^${name}:\\s*0+$`, 'm').test(status));
    return judge(clear && /^NoNewPrivs:\s*1$/m.test(status), 'capability sets or no_new_privs');
  },
  'the agent runs under a seccomp filter': async () =>
    judge(/^Seccomp:\s*2$/m.test(readFileSync('/proc/self/status', 'utf8')), 'no filter'),
  'the agent gets no namespace of its own': async (host) => {
    const attack = { argv: ['/usr/bin/unshare', '--user', '/usr/bin/true'], env: {}, timeout: patience };
    const code = await host.run(attack).then(
      () => 0,
      (error) => (error as { code?: number }).code,
    );
    return code === 1
      ? judge(true, '')
      : { verdict: code === 0 ? 'broken' : 'unknown', detail: `unshare: ${code}` };
  },
  'the root filesystem is read-only': async () =>
    refusedWith(() => writeFileSync('/cloister-proof', ''), ['EROFS', 'EACCES']),
  'the state of the box belongs to root': async () =>
    refusedWith(() => writeFileSync(Paths.state, ''), ['EACCES', 'EROFS']),
  "root's private folder is closed": async () => refusedWith(() => readdirSync(Paths.private), ['EACCES']),
  "init's environment is closed": async () =>
    refusedWith(() => readFileSync('/proc/1/environ'), ['EACCES', 'EPERM', 'ENOENT']),
  'a denied name does not resolve': async () => refused(() => resolve4(proofName), ['ENOTFOUND']),
  'an address outside the list is refused at once over IPv4': async (host) => {
    const guarded = parseState(host.files.readIfAny(Paths.state))?.firewall.guarded ?? [];
    const port = unguarded.find((candidate) => !guarded.includes(candidate)) ?? 9;
    return refused(() => dial(proofAddresses.ipv4, port), ['ECONNREFUSED', 'EHOSTUNREACH', 'EACCES']);
  },
  'a name outside the list is refused on the wire, whatever the address': async () =>
    refused(shakeHands, [
      'ERR_SSL_TLSV1_UNRECOGNIZED_NAME',
      'ERR_SSL_TLSV1_ALERT_ACCESS_DENIED',
      'ECONNRESET',
      'ECONNREFUSED',
    ]),
  'an address outside the list is refused at once over IPv6': async () =>
    refused(
      () => dial(proofAddresses.ipv6, 443),
      ['ECONNREFUSED', 'EHOSTUNREACH', 'EACCES', 'ENETUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT'],
    ),
  'an allowed name resolves': async () => {
    try {
      return { verdict: 'holds', detail: (await resolve4(goodName)).join(' ') };
    } catch (error) {
      return { verdict: 'unknown', detail: `${goodName}: ${codeOf(error)}` };
    }
  },
};

/** Attacks every promise at once. */
export async function attackPromises(host: Host): Promise<Finding[]> {
  return Promise.all(
    Object.entries(checks).map(async ([promise, check]) => {
      try {
        return { promise, ...(await check(host)) };
      } catch (error) {
        return { promise, verdict: 'unknown' as const, detail: codeOf(error) };
      }
    }),
  );
}

/** @returns the fields of one line of this process's status, as the kernel tells them. */
function numbersOf(line: string): string[] {
  const status = readFileSync('/proc/self/status', 'utf8');
  return (new RegExp(`^${line}:(.*)$`, 'm').exec(status)?.[1] ?? '')
    .split(/\s+/)
    .filter((field) => field !== '');
}

function judge(holds: boolean, detail: string): Omit<Finding, 'promise'> {
  return { verdict: holds ? 'holds' : 'broken', detail: holds ? '' : detail };
}

async function refusedWith(
  attack: () => unknown,
  codes: readonly string[],
): Promise<Omit<Finding, 'promise'>> {
  return refused(async () => attack(), codes);
}

async function refused(
  attack: () => Promise<unknown>,
  codes: readonly string[],
): Promise<Omit<Finding, 'promise'>> {
  try {
    await attack();
    return { verdict: 'broken', detail: 'the attempt succeeded' };
  } catch (error) {
    const code = codeOf(error);
    // A packet that got no answer got out: the wall refuses, it never drops.
    if (code === 'ETIMEDOUT') return { verdict: 'broken', detail: 'nothing refused it' };
    return codes.includes(code) ? { verdict: 'holds', detail: code } : { verdict: 'unknown', detail: code };
  }
}

function dial(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: patience });
    socket.on('connect', () => resolve(void socket.destroy()));
    socket.on('error', reject);
    socket.on('timeout', () => {
      socket.destroy();
      reject(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }));
    });
  });
}

/** Offers TLS to a denied name; any answer but a refusal is somebody on the other side. */
function shakeHands(): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { host: proofAddresses.ipv4, port: 443, servername: proofName, timeout: patience };
    const socket = connectTls(options, () => resolve(void socket.destroy()));
    socket.on('error', reject);
    socket.on('timeout', () => {
      socket.destroy();
      reject(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }));
    });
  });
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
