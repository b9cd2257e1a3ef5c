import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { Connection } from '../../src/network/proxy/connection.ts';
import { makeHttpFront } from '../../src/network/proxy/http.ts';
import { connectionLimits } from '../../src/network/proxy/proxy-limits.ts';
import { makeAllowlist } from '../../src/policy/allowlist.ts';
import type { Target } from './driver.ts';

const allowed = 'allowed.example.org';
const port = 80;
const patience = 2000;
const heads = [
  `GET / HTTP/1.1\r\nHost: ${allowed}\r\nAccept: */*\r\n\r\n`,
  `GET http://${allowed}/x HTTP/1.1\r\nHost: ${allowed}:80\r\n\r\n`,
  `POST /a HTTP/1.1\r\nHost: ${allowed}\r\nContent-Length: 5\r\n\r\nhello`,
  `POST /a HTTP/1.1\r\nHost: evil.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  `GET / HTTP/1.1\r\nHost: ${allowed}\r\n\r\nGET / HTTP/1.1\r\nHost: evil.test\r\n\r\n`,
  `CONNECT ${allowed}:443 HTTP/1.1\r\nHost: ${allowed}\r\n\r\n`,
  `GET / HTTP/1.1\r\nHost: ${allowed}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
  `GET / HTTP/1.1\r\nHost: ${allowed}\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAM\r\n\r\nPRI * HTTP/2.0\r\n\r\n`,
];

/** Names the proxy would have dialled for the input of this moment. */
let asked: string[] = [];
const take = makeHttpFront({
  limits: connectionLimits,
  parts: {
    allowlist: () => makeAllowlist([{ name: allowed, wildcard: false, port, protocol: 'http' }]),
    resolve: async (name) => {
      asked.push(name);
      return { kind: 'absent' };
    },
    pin: () => Promise.reject(new Error('nothing is resolved here')),
    destinationOf: () => null,
    refused: () => {},
    failed: () => {},
    now: () => 0,
  },
});

/** The whole HTTP side of the proxy: it ends, answers nothing but errors, and asks for allowed names alone. */
export const http: Target = {
  name: 'HTTP',
  seeds: heads.map((text) => Buffer.from(text)),
  check: async (bytes) => {
    asked = [];
    const answer = await converse(bytes);
    assert.doesNotMatch(answer, /^HTTP\/1\.1 [123]/);
    if (answer !== '') assert.match(answer, /^HTTP\/1\.1 (40[038]|417|502) /);
    const text = bytes.toString('latin1').toLowerCase();
    for (const name of asked) {
      assert.equal(name, allowed);
      assert.match(text, /host:[ \t]*allowed\.example\.org\.?(:0*80)?[ \t]*\r\n/);
    }
  },
};

function converse(bytes: Buffer): Promise<string> {
  const chunks: Buffer[] = [];
  const wire = new Duplex({
    read: () => {},
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  const stub = { setTimeout: () => wire, setNoDelay: () => wire, setKeepAlive: () => wire };
  const socket = Object.assign(wire, stub) as unknown as Socket;
  const connection: Connection = {
    ...{ socket, destination: { address: '198.51.100.7', port }, claims: new Map() },
    prove: () => {},
    cut: () => void socket.destroy(),
  };
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('it hangs')), patience);
    wire
      .on('error', () => {})
      .on('close', () => {
        clearTimeout(timer);
        resolve(Buffer.concat(chunks).toString('latin1'));
      });
    take(connection);
    wire.push(bytes);
    wire.push(null);
  });
}
