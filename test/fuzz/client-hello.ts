import assert from 'node:assert/strict';
import { HelloReader } from '../../src/network/proxy/client-hello.ts';
import type { HelloReading } from '../../src/network/proxy/hello-reading.ts';
import { captureHello, inRecords, makeHello, sni } from '../unit/network/proxy/hellos.ts';
import { randomFrom, type Target } from './driver.ts';

const names = ['allowed.example.org', 'xn--bcher-kva.example.org', 'ALLOWED.example.org.'];
const hiding = [0xfe0d, Buffer.alloc(40, 1)] as const;
const captured = await captureHello({ servername: 'allowed.example.org' });

/** A hello names somebody only if its octets do, however they are cut; and every cut of them says the same. */
export const clientHello: Target = {
  name: 'ClientHello',
  seeds: [
    captured,
    inRecords(captured, 64),
    await captureHello({ servername: 'evil.test', maxVersion: 'TLSv1.2' }),
    await captureHello({}),
    ...names.map((name) => makeHello({ extensions: [[43, Buffer.from([2, 3, 4])], sni(name)] })),
    makeHello({ extensions: [sni('allowed.example.org'), hiding] }),
    makeHello({ extensions: [sni('evil.test', 'allowed.example.org')] }),
  ],
  check: (bytes) => {
    const whole = new HelloReader();
    const reading = whole.push(bytes);
    assert.deepEqual(readInPieces(bytes), reading.kind === 'hello' ? reading : null);
    if (reading.kind !== 'hello') return;
    assert.ok(whole.bytes.equals(bytes), 'what is sent on is what came');
    const message = withoutRecords(bytes);
    if (reading.name !== null) assert.ok(namesIn(message, reading.name), 'the octets say that name');
    if (!message.includes('\xfe\x0d', 0, 'latin1') && !message.includes('\xff\xce', 0, 'latin1'))
      assert.ok(!reading.hidden || hasExtensionOfDrafts(message), 'something is hidden');
  },
};

/** @returns what a reader that gets the octets piece by piece takes them for, or null for anything but a hello. */
function readInPieces(bytes: Buffer): HelloReading | null {
  const random = randomFrom(bytes.length);
  const reader = new HelloReader();
  let reading: HelloReading = { kind: 'more' };
  for (let at = 0; at < bytes.length && reading.kind === 'more'; ) {
    const end = at + 1 + random(300);
    reading = reader.push(bytes.subarray(at, end));
    at = end;
  }
  return reading.kind === 'hello' ? reading : null;
}

/** The content of the records one after the other, without a look at anything else. */
function withoutRecords(bytes: Buffer): Buffer {
  const contents: Buffer[] = [];
  for (let at = 0; at + 5 <= bytes.length; at += 5 + bytes.readUInt16BE(at + 3))
    contents.push(bytes.subarray(at + 5, at + 5 + bytes.readUInt16BE(at + 3)));
  return Buffer.concat(contents);
}

/** Whether the code of an encrypted hello, of the standard's drafts, stands anywhere in there. */
function hasExtensionOfDrafts(message: Buffer): boolean {
  return message.some((octet, at) => octet === 0xfe && [8, 9, 10, 11, 12].includes(message[at + 1] ?? 0));
}

/** Whether a host_name entry with this name, or with this name and a dot, stands anywhere in there. */
function namesIn(message: Buffer, name: string): boolean {
  const text = message.toString('latin1').toLowerCase();
  return [name, `${name}.`].some((host) => {
    const length = String.fromCharCode(host.length >> 8, host.length & 255).toLowerCase();
    return text.includes(`\0${length}${host}`);
  });
}
