// The host outside that everything is measured against: TLS with HTTP on port 443, and on 8443 octets as they are
// after a ClientHello, so that a relay is measured and not a cipher.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer as createWeb } from 'node:https';
import { createServer, type Socket } from 'node:net';
import { parseWish } from './hello.ts';
import { answerPackage } from './packages.ts';

const block = Buffer.alloc(1_048_576, 'cloister');
const blob = block.subarray(0, 65_536);
const files = ['-keyout', '/tmp/bench.key', '-out', '/tmp/bench.pem'];
const names = ['-subj', '/CN=bench.test', '-addext', 'subjectAltName=DNS:*.bench.test'];

execFileSync('openssl', [
  ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
  ...[...names, ...files],
]);
const pair = { key: readFileSync('/tmp/bench.key'), cert: readFileSync('/tmp/bench.pem') };
const web = createWeb({ ...pair, ALPNProtocols: ['http/1.1'] }, (request, response) => {
  const host = `https://${request.headers.host}`;
  const found = answerPackage(request.url ?? '/', host) ?? { type: 'application/octet-stream', body: blob };
  response.writeHead(200, { 'content-type': found.type, 'content-length': found.body.length });
  response.end(found.body);
});
web.on('tlsClientError', () => {});
web.on('clientError', (_error, socket) => socket.destroy());
web.listen({ port: 443, backlog: 4096 });
createServer({ noDelay: true }, serveRaw).listen({ port: 8443, backlog: 4096 });
console.log('ready');

function serveRaw(socket: Socket): void {
  let before: Buffer = Buffer.alloc(0);
  const read = (chunk: Buffer) => {
    before = Buffer.concat([before, chunk]);
    const wish = parseWish(before);
    if (wish === null) return;
    socket.off('data', read);
    if (wish.octets > 0) return pour(socket, wish.octets);
    if (wish.rest.length > 0) socket.write(wish.rest);
    socket.on('data', (more: Buffer) => socket.write(more));
  };
  socket.on('data', read).on('error', () => socket.destroy());
}

function pour(socket: Socket, octets: number): void {
  let left = octets;
  const write = () => {
    while (left > 0) {
      const part = left < block.length ? block.subarray(0, left) : block;
      left -= part.length;
      if (!socket.write(part)) break;
    }
    if (left === 0) socket.end();
  };
  socket.on('drain', write);
  socket.resume();
  write();
}
