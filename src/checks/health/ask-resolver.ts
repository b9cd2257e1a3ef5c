import { createSocket } from 'node:dgram';
import { ownAddress, resolverPort } from '../../core/own-address.ts';
import { selfTestName } from '../protocol.ts';

const id = 0x6865;
const recursionDesired = 0x0100;
const internetAddress = [0, 1, 0, 1];
const noSuchName = 3;

/**
 * Asks for a name that nobody has: the box itself denies it, and no packet leaves for the answer. By hand, since Node's
 * own resolver takes several milliseconds of CPU to be loaded.
 * @param patience milliseconds for the answer.
 */
export function resolverAnswers(patience: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket({ type: 'udp4', lookup: (host, _, found) => found(null, host, 4) });
    const settle = (answers: boolean) => {
      clearTimeout(timer);
      socket.removeAllListeners().on('error', () => {});
      socket.close();
      resolve(answers);
    };
    const timer = setTimeout(() => settle(false), patience);
    socket.on('error', () => settle(false));
    socket.on('message', (answer) => settle(isDenial(answer)));
    // Connected, the socket hears of a port nobody listens on, and takes answers from there alone.
    socket.connect(resolverPort, ownAddress, () => socket.send(renderQuery(selfTestName)));
  });
}

/** @returns a query for the IPv4 address of that name: RFC 1035, 4.1. */
export function renderQuery(name: string): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(id, 0);
  head.writeUInt16BE(recursionDesired, 2);
  head.writeUInt16BE(1, 4);
  const labels = name
    .split('.')
    .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([head, ...labels, Buffer.from([0, ...internetAddress])]);
}

function isDenial(answer: Buffer): boolean {
  return answer.length >= 12 && answer.readUInt16BE(0) === id && ((answer[3] ?? 0) & 15) === noSuchName;
}
