import { Duplex } from 'node:stream';
import { connect } from 'node:tls';

/** @returns the octets of a real ClientHello for this name: what a proxy and a proxy have to read. */
export function makeHello(name: string): Promise<Buffer> {
  return new Promise((resolve) => {
    const socket = new Duplex({
      read: () => {},
      write: (chunk: Buffer, _encoding, done) => {
        resolve(chunk);
        done();
      },
    });
    connect({ socket, servername: name }).on('error', () => {});
  });
}

/** What a client sends after its hello: the octets it wants, or none for an echo of all that follows. */
export function renderWish(octets: number): Buffer {
  const wish = Buffer.alloc(8);
  wish.writeBigUInt64BE(BigInt(octets));
  return wish;
}

/** @returns what has been wished for and what came after it, or null while the hello or the wish is not whole. */
export function parseWish(bytes: Buffer): { octets: number; rest: Buffer } | null {
  if (bytes.length < 5) return null;
  const end = 5 + bytes.readUInt16BE(3) + 8;
  if (bytes.length < end) return null;
  return { octets: Number(bytes.readBigUInt64BE(end - 8)), rest: bytes.subarray(end) };
}
