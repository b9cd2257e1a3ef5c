import { parseHello } from './hello-body.ts';
import type { HelloFault, HelloReading } from './hello-reading.ts';

/** Octets of a ClientHello: the longest honest one (post-quantum shares and a session ticket) has a quarter. */
const longestHello = 16_384;
/** Octets on the wire: a hello of that length may come in many small records. */
const longestWire = 32_768;
const longestRecord = 16_384;
const recordHeader = 5;
const messageHeader = 4;
const handshakeRecord = 22;
const clientHello = 1;

const more: HelloReading = { kind: 'more' };

/** Reads a ClientHello in whatever pieces it arrives: of TCP, and of TLS records. RFC 8446, 4.1.2 and 5.1. */
export class HelloReader {
  /** Everything pushed so far is its first `length` octets: one buffer, since a client may send single octets. */
  #wire: Buffer = Buffer.alloc(0);
  #length = 0;
  /** Where the next record begins that has not been read. */
  #next = 0;
  #message: Buffer = Buffer.alloc(0);

  /** Every octet pushed so far, to be sent on once the name is proven. */
  get bytes(): Buffer {
    return this.#wire.subarray(0, this.#length);
  }

  push(chunk: Buffer): HelloReading {
    this.#append(chunk);
    while (true) {
      const record = this.#readRecord();
      if (record === null) return this.#length >= longestWire ? fault('too-large') : more;
      if (typeof record === 'string') return fault(record);
      this.#next += recordHeader + record.length;
      if (this.#next > longestWire) return fault('too-large');
      this.#message = this.#message.length === 0 ? record : Buffer.concat([this.#message, record]);
      if (this.#message.length < messageHeader) continue;
      const length = messageHeader + this.#message.readUIntBE(1, 3);
      if (length > longestHello) return fault('too-large');
      if (this.#message.length > length) return fault('malformed');
      if (this.#message.length === length) return parseHello(this.#message.subarray(messageHeader));
    }
  }

  #append(chunk: Buffer): void {
    const length = this.#length + chunk.length;
    if (this.#length === 0) this.#wire = chunk;
    else {
      if (length > this.#wire.length) {
        const larger = Buffer.allocUnsafeSlow(Math.max(2 * length, 1024));
        this.#wire.copy(larger, 0, 0, this.#length);
        this.#wire = larger;
      }
      chunk.copy(this.#wire, this.#length);
    }
    this.#length = length;
  }

  /** @returns the content of the next record, null while it is not whole, or what is wrong with it. */
  #readRecord(): Buffer | HelloFault | null {
    const bytes = this.#wire.subarray(this.#next, this.#length);
    const first = this.#next === 0;
    if (bytes.length > 0 && bytes[0] !== handshakeRecord) return first ? 'not-tls' : 'malformed';
    if (bytes.length > 1 && bytes[1] !== 3) return first ? 'not-tls' : 'malformed';
    if (bytes.length < recordHeader) return null;
    const length = bytes.readUInt16BE(3);
    if (length === 0 || length > longestRecord) return 'malformed';
    if (first && bytes.length > recordHeader && bytes[recordHeader] !== clientHello) return 'not-tls';
    return bytes.length < recordHeader + length ? null : bytes.subarray(recordHeader, recordHeader + length);
  }
}

function fault(what: HelloFault): HelloReading {
  return { kind: 'fault', fault: what };
}
