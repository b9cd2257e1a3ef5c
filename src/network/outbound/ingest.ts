import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { agentWords, type NotificationWord } from '../../policy/notification.ts';
import { type ConnectionPlaces, makeConnectionPlaces } from './connection-places.ts';
import { type Forwarder, longestExport, signals } from './telemetry-forwarder.ts';

/** Connections, and octets of requests that are not whole yet, of all of them together. */
const most = { connections: 128, octets: 8 * 1024 * 1024 };
/** Milliseconds for a request's head, for all of it, and for a connection that says nothing. */
const times = { headersTimeout: 5000, requestTimeout: 15_000, keepAliveTimeout: 10_000 };
const connectionsCheckingInterval = 5000;

export interface IngestParts {
  /** Null where nobody is to be told anything. */
  readonly tell: ((word: NotificationWord) => void) | null;
  readonly forwarder: Forwarder | null;
}

/**
 * Where the agent's programs leave what the box sends for them, on loopback: `POST /events/WORD` with nothing else
 * in it, and OpenTelemetry's `POST /v1/SIGNAL`. Answers are a status and nothing more.
 */
export function openIngest(parts: IngestParts, descriptor: { readonly fd: number }): Promise<Server> {
  const places = makeConnectionPlaces(most);
  const server = createServer(
    { ...times, connectionsCheckingInterval, maxHeaderSize: 8192 },
    (request, response) => {
      request.on('error', () => {});
      response.on('error', () => {});
      response.on('finish', () => places.release(request.socket));
      answer({ ...parts, places }, request).then(
        (status) => endAnswer(response, status),
        () => request.destroy(),
      );
    },
  );
  server.on('connection', (socket) => places.enter(socket));
  server.on('clientError', (_error, socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ fd: descriptor.fd }, () => resolve(server));
  });
}

type Parts = IngestParts & { readonly places: ConnectionPlaces };

async function answer(parts: Parts, request: IncomingMessage): Promise<number> {
  const [, room, word = ''] = /^\/(events|v1)\/([a-z]{1,16})$/.exec(request.url ?? '') ?? [];
  if (request.method !== 'POST') return 405;
  if (room === 'events') return hear(parts, request, word);
  return room === 'v1' ? take(parts, request, word) : 404;
}

function hear({ tell }: IngestParts, { headers }: IncomingMessage, word: string): number {
  if (tell === null || !agentWords.includes(word as NotificationWord)) return 404;
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0) return 413;
  tell(word as NotificationWord);
  return 204;
}

async function take({ forwarder, places }: Parts, request: IncomingMessage, word: string): Promise<number> {
  const signal = signals.find((one) => one === word);
  if (forwarder === null || signal === undefined) return 404;
  const headers = headersToKeep(request);
  if (headers === null) return 415;
  const body = await readBody(request, places);
  if (body === null) return 413;
  // Only now: what is never whole would take the places of others.
  const leave = forwarder.enter();
  if (leave === null) return 429;
  places.serve(request.socket);
  try {
    return await forwarder.forward({ signal, headers, body });
  } finally {
    leave();
  }
}

export function headersToKeep({ headers }: IncomingMessage): Record<string, string> | null {
  const type = (headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
  const encoding = headers['content-encoding'];
  if (type !== 'application/x-protobuf' && type !== 'application/json') return null;
  if (encoding === undefined) return { 'content-type': type };
  return encoding === 'gzip' ? { 'content-type': type, 'content-encoding': encoding } : null;
}

async function readBody(request: IncomingMessage, places: ConnectionPlaces): Promise<Buffer | null> {
  if (Number(request.headers['content-length'] ?? 0) > longestExport) return null;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    places.hold(request.socket, chunk.length);
    if (length > longestExport) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What was not read is read and dropped by the server, in the time a request has. */
export function endAnswer(response: ServerResponse, status: number): void {
  const later = status === 429 || status === 503 ? { 'retry-after': '30' } : {};
  response.writeHead(status, { ...later, 'content-length': 0 });
  response.end();
}
