import { createSocket } from 'node:dgram';
import type { CheckVerdict } from './verdict.ts';
import { codeOf, openFor } from './verdict.ts';

const headerSize = 12;
/** RFC 6891: the record of options, at the root, with room for answers of 1232 octets. */
const options = Buffer.from([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]);
const noSuchName = 3;
/** RFC 8914: the option that explains an answer, and the code that says a policy blocked the name. */
const explained = 15;
const blocked = 15;

/**
 * Asks for a name that no allowlist means. Any resolver says that there is none: only the box's own says that it
 * was blocked, so another answer came from another resolver, and the query has left.
 */
export async function askDenied(server: string, name: string, patience: number): Promise<CheckVerdict> {
  try {
    const answer = await exchange(server, renderQuery(name), patience);
    const own = ((answer[3] ?? 0) & 0x0f) === noSuchName && explanationOf(answer) === blocked;
    return { verdict: own ? 'holds' : 'broken', detail: own ? '' : `${server} answered in the box's place` };
  } catch (error) {
    const code = codeOf(error);
    return { verdict: code === 'ETIMEDOUT' ? 'broken' : openFor(code), detail: code };
  }
}

/** @returns a query for the addresses of a name, which fits one datagram. */
export function renderQuery(name: string): Buffer {
  const head = Buffer.from([0x63, 0x6c, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1]);
  const labels = name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)]));
  return Buffer.concat([head, ...labels, Buffer.from([0, 0, 1, 0, 1]), options]);
}

/** @returns the code by which an answer without records explains itself, or null. */
export function explanationOf(answer: Buffer): number | null {
  if (answer.length < headerSize || answer.readUInt32BE(6) !== 0) return null;
  let at = headerSize;
  while ((answer[at] ?? 0) !== 0) at += 1 + (answer[at] ?? 0);
  at += 5;
  // The record's owner is the root, then come type, size and flags: as our own query's.
  if (answer[at + 2] !== 41) return null;
  at += options.length;
  while (at + 6 <= answer.length) {
    if (answer.readUInt16BE(at) === explained) return answer.readUInt16BE(at + 4);
    at += 4 + answer.readUInt16BE(at + 2);
  }
  return null;
}

function exchange(server: string, query: Buffer, patience: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    const settle = (done: () => void) => {
      clearTimeout(timer);
      socket.close();
      done();
    };
    const timer = setTimeout(
      () => settle(() => reject(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }))),
      patience,
    );
    socket.on('error', (error) => settle(() => reject(error)));
    socket.on('message', (answer) => settle(() => resolve(answer)));
    socket.on('connect', () => socket.send(query));
    socket.connect(53, server);
  });
}
