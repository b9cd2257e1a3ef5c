// HTTP and HTTPS for all hosts: the certificate follows the name in the TLS handshake, the handler
// follows the Host header, and what asks for a name that no service has goes into the canary's book.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { Authority } from './ca.ts';
import { plainAddress, type Sighting } from './canary.ts';
import type { Journal } from './journal.ts';

const longestStart = 4096;

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

export interface WebRequest {
  scheme: 'http' | 'https';
  sni?: string;
  host: string;
  method: string;
  path: string;
  local: string;
  port: number;
  peer: string;
}

/** How a connection to the web began, whether or not anybody could make sense of it. */
export interface WireStart {
  local: string;
  port: number;
  peer: string;
  /** Its first bytes: of TLS what came at once, of plain HTTP all, at most 4 KiB. */
  text: string;
}

export interface WebOptions {
  authority: Authority;
  /** By name; `*.name` stands for every name below. */
  hosts: ReadonlyMap<string, Handler>;
  requests: Journal<WebRequest>;
  sightings: Journal<Sighting>;
  wire: Journal<WireStart>;
}

/** Returns what takes over an accepted connection and speaks HTTP, or TLS and HTTP, on it. */
export function createWeb(options: WebOptions): {
  http: (socket: Socket) => void;
  https: (socket: Socket) => void;
} {
  const handle = (request: IncomingMessage, response: ServerResponse) =>
    void route(request, response, options);
  const http = createServer(handle);
  const https = createSecureServer(
    {
      ...options.authority.nameless,
      ALPNProtocols: ['http/1.1'],
      SNICallback: (name, done) => {
        options.authority.contextFor(name).then((context) => done(null, context), done);
      },
    },
    handle,
  );
  https.on('secureConnection', (socket: TLSSocket) => noteName(socket, options));
  const { wire } = options;
  return {
    http: (socket) => {
      const entry = wire.add({ ...placeOf(socket), text: '' });
      accept(http, socket);
      // After the server's own: from then on it, too, reads by events.
      socket.on('data', (chunk: Buffer) => {
        entry.text = `${entry.text}${printable(chunk)}`.slice(0, longestStart);
      });
      // The canary hands over sockets that it has paused.
      socket.resume();
    },
    https: (socket) => {
      const entry = wire.add({ ...placeOf(socket), text: '' });
      socket.on('error', () => socket.destroy());
      socket.once('data', (chunk: Buffer) => {
        entry.text = printable(chunk).slice(0, longestStart);
        socket.pause();
        socket.unshift(chunk);
        accept(https, socket);
      });
      socket.resume();
    },
  };
}

/** A JSON answer. */
export function sendJson(response: ServerResponse, status: number, body: unknown, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  response.end(`${JSON.stringify(body)}\n`);
}

export function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(text);
}

/** What an allowed host says. */
export const answerAllowed: Handler = (_request, response) => sendText(response, 200, 'allowed\n');

/** @param files contents in Base64, by path; a path that ends in a slash is a page. */
export function answerFiles(files: Readonly<Record<string, string>>): Handler {
  return (request, response) => {
    const path = decodeURI(request.url ?? '').replace(/[?#].*$/, '');
    const content = Object.hasOwn(files, path) ? files[path] : undefined;
    if (content === undefined) return sendText(response, 404, 'nothing of that name\n');
    const type = path.endsWith('/') ? 'text/html; charset=utf-8' : 'application/octet-stream';
    response.writeHead(200, { 'content-type': type });
    response.end(Buffer.from(content, 'base64'));
  };
}

/** The whole request body, at most 64 MiB. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > 64 * 1024 * 1024) throw new Error('request body over 64 MiB');
    chunks.push(chunk);
  }
  return decoded(Buffer.concat(chunks), request.headers['content-encoding']).toString('utf8');
}

/** Claude Code compresses what it sends once it is large. */
function decoded(body: Buffer, encoding: string | undefined): Buffer {
  if (encoding === 'gzip') return gunzipSync(body);
  if (encoding === 'zstd') return zstdDecompressSync(body);
  return encoding === 'br' ? brotliDecompressSync(body) : body;
}

function printable(chunk: Buffer): string {
  return chunk.toString('latin1').replace(/[^\x20-\x7e\n]/g, '.');
}

function accept(server: Server, socket: Socket): void {
  socket.on('error', () => socket.destroy());
  server.emit('connection', socket);
}

async function route(request: IncomingMessage, response: ServerResponse, options: WebOptions): Promise<void> {
  const seen = describe(request);
  options.requests.add(seen);
  const handler = findHandler(options.hosts, seen.host);
  if (handler === undefined) noteHost(seen, options);
  try {
    await (handler ?? answerStranger)(request, response);
  } catch (error) {
    if (!response.headersSent) sendText(response, 500, `${error}\n`);
    else response.destroy();
  }
}

function findHandler(hosts: ReadonlyMap<string, Handler>, name: string): Handler | undefined {
  return hosts.get(name) ?? hosts.get(name.replace(/^[^.]+/, '*'));
}

function describe(request: IncomingMessage): WebRequest {
  const socket = request.socket as TLSSocket;
  const sni = typeof socket.servername === 'string' ? socket.servername : undefined;
  return {
    scheme: socket.encrypted ? 'https' : 'http',
    ...(sni === undefined ? {} : { sni }),
    host: (request.headers.host ?? '').toLowerCase().replace(/:\d+$/, ''),
    method: request.method ?? '',
    path: request.url ?? '',
    local: plainAddress(socket.localAddress),
    port: socket.localPort ?? 0,
    peer: plainAddress(socket.remoteAddress),
  };
}

function noteName(socket: TLSSocket, { hosts, sightings }: WebOptions): void {
  const name = typeof socket.servername === 'string' ? socket.servername : '';
  if (findHandler(hosts, name)) return;
  sightings.add({ transport: 'tls-name', name, ...placeOf(socket) });
}

function noteHost(seen: WebRequest, { sightings }: WebOptions): void {
  const { host: name, local, port, peer } = seen;
  sightings.add({ transport: 'http-host', name, local, port, peer });
}

function placeOf(socket: Socket): Pick<Sighting, 'local' | 'port' | 'peer'> {
  return {
    local: plainAddress(socket.localAddress),
    port: socket.localPort ?? 0,
    peer: plainAddress(socket.remoteAddress),
  };
}

function answerStranger(_request: IncomingMessage, response: ServerResponse): void {
  sendText(response, 200, 'This host writes down everything that reaches it.\n');
}
