import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Reason } from '../../policy/refusal.ts';
import { type Connection, type ProxyContext, tellFailed, tellRefused } from './connection.ts';
import type { Exchange, HttpClient } from './http-client.ts';
import { forward } from './http-forward.ts';
import { parseHead, type Unfit } from './http-head.ts';
import { type HttpReply, renderReply, replyFailed, replyRefused } from './http-reply.ts';
import { judge } from './judge-claim.ts';
import { closeLingering } from './lingering-close.ts';
import { NameAgent } from './name-agent.ts';

const longestHead = 16_384;
/** Requests a client may send ahead of their answers. */
const mostAhead = 32;
const checkPause = 1000;

/** Judges every request of a plain HTTP connection by its own head, and sends the allowed ones on. */
export function makeHttpFront(context: ProxyContext): (connection: Connection) => void {
  const clients = new WeakMap<Socket, HttpClient>();
  const server = makeServer(context);
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    const client = clients.get(request.socket);
    if (client !== undefined) enqueue(context, client, { request, response });
  };
  // With a listener of its own, Node leaves the `100 Continue` to the server that is asked.
  server.on('request', handle).on('checkContinue', handle).on('checkExpectation', handle);
  server.on('connect', (_request, stream) => {
    const client = clients.get(stream as Socket);
    if (client !== undefined) refuseConnection(context, client, 'bad-method');
  });
  server.on('clientError', (error: NodeJS.ErrnoException, stream) => {
    const client = clients.get(stream as Socket);
    if (client === undefined) stream.destroy();
    else endUnreadable(context, client, error);
  });
  return (connection) => {
    const { socket } = connection;
    const agent = new NameAgent(context, connection);
    clients.set(socket, { connection, agent, queue: [] });
    socket.once('close', () => agent.destroy());
    server.emit('connection', socket);
  };
}

function makeServer({ limits }: ProxyContext): Server {
  const server = createServer({
    insecureHTTPParser: false,
    maxHeaderSize: longestHead,
    headersTimeout: limits.hello,
    requestTimeout: 0,
    keepAliveTimeout: 0,
    connectionsCheckingInterval: Math.min(checkPause, limits.hello / 2),
    // A missing Host is refused by us, in our words.
    requireHostHeader: false,
  });
  // By default Node drops headers beyond the two thousandth in silence.
  server.maxHeadersCount = 0;
  server.timeout = limits.idle;
  Object.assign(server, { httpAllowHalfOpen: true });
  // It never listens itself, and watches its clients' time only from this event on.
  server.emit('listening');
  return server;
}

/** One at a time: requests sent ahead must reach their server in the order in which they came. */
function enqueue(context: ProxyContext, client: HttpClient, exchange: Exchange): void {
  const { connection, queue } = client;
  // What was read before the connection ended is parsed to its end all the same.
  if (connection.socket.destroyed) return;
  if (queue.push(exchange) > mostAhead) {
    const detail = `${mostAhead} requests wait on one connection`;
    tellFailed(context, connection, { via: 'http', trouble: 'overloaded', name: null, detail });
    connection.cut();
    return;
  }
  exchange.response.once('close', () => {
    queue.shift();
    const [next] = queue;
    if (next !== undefined && !connection.socket.destroyed) judgeRequest(context, client, next);
  });
  if (queue.length === 1) judgeRequest(context, client, exchange);
}

function judgeRequest(context: ProxyContext, client: HttpClient, exchange: Exchange): void {
  const { connection } = client;
  const { port } = connection.destination;
  const { request } = exchange;
  const { method = '', url = '', httpVersion, rawHeaders } = request;
  const parsed = parseHead({ method, url, httpVersion, rawHeaders }, port);
  if ('reason' in parsed) {
    refuse(context, client, exchange, parsed);
    return;
  }
  const claim = { name: parsed.name, port, protocol: 'http' } as const;
  const reason = judge(context.parts.allowlist(), claim);
  if (reason !== null) {
    refuse(context, client, exchange, { reason, name: claim.name });
    return;
  }
  connection.prove(claim);
  // Node's parser drops what came in one piece with an offer and stood behind it: with its answer the connection ends.
  if (parsed.offers) exchange.response.shouldKeepAlive = false;
  forward(client, exchange, { ...parsed, method, port }, (way) => {
    if (way.kind === 'refused') return refuse(context, client, exchange, { ...way, name: claim.name });
    tellFailed(context, connection, { via: 'http', ...way, name: claim.name });
    send(exchange, replyFailed(way.trouble, claim.name, way.late));
  });
}

function refuse(context: ProxyContext, { connection }: HttpClient, exchange: Exchange, unfit: Unfit): void {
  tellRefused(context, connection, { via: 'http', ...unfit });
  send(exchange, replyRefused({ ...unfit, port: connection.destination.port }));
}

function send({ request, response }: Exchange, { status, type, body }: HttpReply): void {
  response.sendDate = false;
  // Nobody knows whether a client that waits for `100 Continue` still sends the body.
  if (request.headers.expect !== undefined) response.shouldKeepAlive = false;
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

/** Ends a connection on which no further request could be told from the rest of this one. */
function endUnreadable(context: ProxyContext, client: HttpClient, error: NodeJS.ErrnoException): void {
  const { connection } = client;
  const code = error.code ?? '';
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    const detail = `no whole request head within ${context.limits.hello} ms`;
    tellFailed(context, connection, { via: 'http', trouble: 'said-nothing', name: null, detail });
    endWith(context, client, replyFailed('said-nothing', null, false));
  } else if (code === 'HPE_HEADER_OVERFLOW') refuseConnection(context, client, 'too-large');
  else if (/^HPE_(?!INVALID_EOF_STATE)/.test(code)) refuseConnection(context, client, 'not-http');
  else connection.socket.destroy();
}

function refuseConnection(context: ProxyContext, client: HttpClient, reason: Reason): void {
  const { connection } = client;
  tellRefused(context, connection, { via: 'http', reason, name: null });
  endWith(context, client, replyRefused({ reason, name: null, port: connection.destination.port }));
}

/** Answers outside of any exchange; within one, the answer would be taken for a part of another. */
function endWith({ limits }: ProxyContext, { connection, queue }: HttpClient, reply: HttpReply): void {
  if (queue.length > 0) connection.cut();
  else closeLingering(connection.socket, renderReply(reply), limits.lingering);
}
