import { connect } from 'node:net';
import { ownAddress, proxyPort } from '../../core/own-address.ts';
import { selfTestAddresses, selfTestName } from '../protocol.ts';

const tlsPort = 443;
const alertRecord = 21;
/** What a refused name is told: RFC 8446, 6. */
const unrecognisedName = 112;

export interface ProxyFacts {
  /** TCP ports on which the agent is led to the proxy. */
  readonly proxied: readonly number[];
  /** Milliseconds for each answer. */
  readonly patience: number;
}

/**
 * Goes the agent's way, called as its user: the kernel leads the connection to the proxy, which reads the name and
 * refuses it. Nothing leaves, and no refusal of this name is told. Without a way out nothing is led anywhere: then it
 * has to do that the proxy answers.
 */
export async function proxyRelays({ proxied, patience }: ProxyFacts): Promise<boolean> {
  if (!proxied.includes(tlsPort)) return proxyAnswers(patience);
  const answer = await greet(patience);
  return answer === 'no way out' ? proxyAnswers(patience) : answer === 'refused by name';
}

type Answer = 'refused by name' | 'no way out' | 'something else';

function greet(patience: number): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = connect({ host: selfTestAddresses.ipv4, port: tlsPort, timeout: patience });
    const settle = (answer: Answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('connect', () => socket.write(renderHello(selfTestName)));
    socket.on('data', (data: Buffer) => settle(isRefusal(data) ? 'refused by name' : 'something else'));
    socket.on('end', () => settle('something else'));
    socket.on('timeout', () => settle('something else'));
    socket.on('error', ({ code }: NodeJS.ErrnoException) =>
      settle(code === 'ENETUNREACH' ? 'no way out' : 'something else'),
    );
  });
}

function isRefusal(data: Buffer): boolean {
  return data[0] === alertRecord && data[6] === unrecognisedName;
}

/** @returns the shortest honest ClientHello with that name (RFC 8446, 4.1.2): TLS itself would take 20 ms to load. */
export function renderHello(name: string): Buffer {
  const host = Buffer.from(name, 'latin1');
  const serverName = Buffer.concat([sized(2, Buffer.concat([Buffer.from([0]), sized(2, host)]))]);
  const extensions = Buffer.concat([Buffer.from([0, 0]), sized(2, serverName)]);
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 1),
    sized(1, Buffer.alloc(0)),
    sized(2, Buffer.from([0x13, 0x01])),
    sized(1, Buffer.from([0])),
    sized(2, extensions),
  ]);
  const message = Buffer.concat([Buffer.from([1]), sized(3, body)]);
  return Buffer.concat([Buffer.from([22, 3, 1]), sized(2, message)]);
}

/** @returns the octets behind their number, which takes `width` octets. */
function sized(width: number, octets: Buffer): Buffer {
  const size = Buffer.alloc(width);
  size.writeUIntBE(octets.length, 0, width);
  return Buffer.concat([size, octets]);
}

/** Who comes to the proxy without having been led there is cut off: that too is an answer. */
function proxyAnswers(patience: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: ownAddress, port: proxyPort, timeout: patience });
    const settle = (answers: boolean) => {
      socket.destroy();
      resolve(answers);
    };
    socket.on('error', (error: NodeJS.ErrnoException) => settle(error.code === 'ECONNRESET'));
    socket.on('end', () => settle(true));
    socket.on('timeout', () => settle(false));
    socket.resume();
  });
}
