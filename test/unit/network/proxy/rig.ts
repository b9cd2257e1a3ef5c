import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { makeEgressProxy } from '../../../../src/network/proxy/proxy.ts';
import type { Limits } from '../../../../src/network/proxy/proxy-limits.ts';
import type {
  Destination,
  EgressProxy,
  Opening,
  ProxyParts,
} from '../../../../src/network/proxy/proxy-parts.ts';
import type { Resolution } from '../../../../src/network/resolver/resolver-parts.ts';
import { makeAllowlist } from '../../../../src/policy/allowlist.ts';
import type { Failure, Refusal } from '../../../../src/policy/refusal.ts';
import type { Rule } from '../../../../src/policy/rule.ts';

export interface Rig {
  readonly proxy: EgressProxy;
  readonly refusals: Refusal[];
  readonly failures: Failure[];
  /** What was asked of the world, in order: `resolve NAME`, `pin NAME PORT ADDRESSES`. */
  readonly calls: string[];
  setRules(...rules: readonly Rule[]): void;
  /** A client's connection that was redirected on its way to the destination. */
  dial(): Promise<Socket>;
}

export interface RigOptions {
  readonly rules: readonly Rule[];
  readonly destination: Destination | null;
  readonly resolve?: (name: string) => Resolution | Promise<Resolution>;
  readonly pin?: (opening: Opening) => void | Promise<void>;
  readonly limits?: Partial<Limits>;
  readonly now?: () => number;
  readonly way?: ProxyParts['way'];
}

export const rule = (name: string, port: number, protocol: Rule['protocol'] = 'tls'): Rule => ({
  ...{ name, port, protocol, wildcard: false },
});

/** Every name lives here: an address of loopback that is not the proxy's. */
export const home = '127.0.0.9';
export const atHome: Resolution = { kind: 'addresses', addresses: [home], ttl: 60 };

/** A proxy behind a real listener, with fakes for everything it asks of the process around it. */
export async function startGuard(options: RigOptions): Promise<Rig> {
  let allowlist = makeAllowlist(options.rules);
  const [refusals, failures, calls]: [Refusal[], Failure[], string[]] = [[], [], []];
  const parts: ProxyParts = {
    allowlist: () => allowlist,
    resolve: async (name) => {
      calls.push(`resolve ${name}`);
      return options.resolve?.(name) ?? atHome;
    },
    pin: async (opening) => {
      calls.push(`pin ${opening.name} ${opening.port} ${opening.addresses.join()}`);
      await options.pin?.(opening);
    },
    way: options.way ?? null,
    destinationOf: () => options.destination,
    refused: (refusal) => void refusals.push(refusal),
    failed: (failure) => void failures.push(failure),
    now: options.now ?? Date.now,
  };
  const proxy = makeEgressProxy(parts, { hello: 400, lingering: 300, ...options.limits });
  const { server } = await listen('127.0.0.1', (socket) => proxy.take(socket));
  return {
    ...{ proxy, refusals, failures, calls },
    setRules: (...rules) => {
      allowlist = makeAllowlist(rules);
    },
    dial: async () => dial(server),
  };
}

/** A server of net's that is gone after the test, with every connection it had. */
export async function listen(
  host: string,
  take: (socket: Socket) => void,
  wantedPort = 0,
): Promise<{ server: Server; port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket.on('error', () => {}));
    take(socket);
  });
  await new Promise<void>((done) => server.listen(wantedPort, host, done));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { server, port: (server.address() as AddressInfo).port };
}

/** A reset may come before Node tells of the connection, so whoever dials listens first. */
function dial(server: Server): Socket {
  const { address, port } = server.address() as AddressInfo;
  const socket = connect({ host: address, port, allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  return socket.on('error', () => {});
}

/** Everything a socket says until its end, and the code of the error it ends with, if any. */
export function hear(socket: Socket): Promise<{ bytes: Buffer; error: string | null }> {
  const chunks: Buffer[] = [];
  let error: string | null = null;
  socket.on('data', (chunk: Buffer) => void chunks.push(chunk)).resume();
  return new Promise((resolve) => {
    const done = () => resolve({ bytes: Buffer.concat(chunks), error });
    socket.on('error', (failure: NodeJS.ErrnoException) => {
      error = failure.code ?? failure.message;
    });
    socket.on('end', done).on('close', done);
  });
}

/** Waits for a condition. */
export async function until(holds: () => boolean, patience = 3000): Promise<void> {
  const deadline = Date.now() + patience;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`it never came true: ${holds}`);
    await new Promise((done) => setTimeout(done, 5));
  }
}
