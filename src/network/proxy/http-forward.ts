import {
  type ClientRequest,
  type IncomingMessage,
  request as makeRequest,
  type ServerResponse,
} from 'node:http';
import { pipeline } from 'node:stream';
import type { HttpClient } from './http-client.ts';
import { dropHopByHop, type ParsedHead, valuesOf } from './http-head.ts';
import { Obstacle } from './name-agent.ts';
import type { ProxyWay } from './proxy-way.ts';

const longestAnswerHead = 65_536;

type Answered = { readonly request: IncomingMessage; readonly response: ServerResponse };
type Onward = ParsedHead & { readonly method: string; readonly port: number };

/**
 * Sends a judged request to its name, written anew from what was parsed, and brings the answer back, both with
 * back-pressure. Calls `failed` where nothing of an answer has been sent yet.
 */
export function forward(
  client: HttpClient,
  { request, response }: Answered,
  onward: Onward,
  failed: (way: Obstacle['way']) => void,
): void {
  const { name, port, method } = onward;
  const proxy = client.agent.proxyFor(name);
  const { path, headers } =
    proxy === null ? { path: onward.path, headers: framed(onward) } : toProxy(onward, proxy);
  const asked = makeRequest({
    ...{ agent: client.agent, host: name, port, method, path, headers },
    ...{ insecureHTTPParser: false, maxHeaderSize: longestAnswerHead },
  });
  if (request.headers.expect !== undefined) asked.flushHeaders();
  asked.on('continue', () => response.writeContinue());
  asked.on('response', (answer) => {
    // It is our account that the proxy did not take: the client has none there.
    if (proxy === null || answer.statusCode !== 407) return bringBack(client, answer, response);
    answer.destroy();
    failed({ kind: 'failed', trouble: 'proxy-authentication', detail: 'it answered 407', late: false });
  });
  const fail = (error: Error) => {
    if (client.connection.socket.destroyed || response.writableEnded) return;
    // A server may close a connection it has kept just as the next request comes: so does ours, and the
    // client does then what it would have done without us.
    if (response.headersSent || asked.reusedSocket) client.connection.cut();
    else failed(wayOf(error));
  };
  asked.on('error', fail);
  asked.on('close', () => {
    // Without an error, for one, when the server switches protocols unasked.
    if (!response.headersSent) fail(new Error('the server closed the connection'));
  });
  response.on('close', () => {
    if (!response.writableFinished) asked.destroy();
  });
  sendBody(request, asked);
}

/** A proxy is told the whole URL (RFC 9112, 3.2.2), and our account. */
function toProxy(onward: Onward, { authorization }: ProxyWay): { path: string; headers: readonly string[] } {
  const { name, port, path } = onward;
  const account = authorization === null ? [] : ['Proxy-Authorization', authorization];
  return {
    path: `http://${name}${port === 80 ? '' : `:${port}`}${path === '*' ? '' : path}`,
    headers: [...framed(onward), ...account],
  };
}

/** The body's frame is the client's own; a body that could be there and is not is said to be empty. */
function framed({ headers, method }: Onward): readonly string[] {
  const lengths = [...valuesOf(headers, 'content-length'), ...valuesOf(headers, 'transfer-encoding')];
  const bare = /^(GET|HEAD|DELETE|OPTIONS|TRACE)$/.test(method) || lengths.length > 0;
  return bare ? headers : [...headers, 'Content-Length', '0'];
}

function sendBody(request: IncomingMessage, asked: ClientRequest): void {
  request.on('error', () => asked.destroy());
  request.pipe(asked);
}

function bringBack({ connection }: HttpClient, answer: IncomingMessage, response: ServerResponse): void {
  const headers = dropHopByHop(answer.rawHeaders).slice();
  for (let i = headers.length - 2; i >= 0; i -= 2)
    if (headers[i]?.toLowerCase() === 'transfer-encoding') headers.splice(i, 2);
  response.sendDate = false;
  try {
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? '', headers);
  } catch {
    answer.destroy();
    connection.cut();
    return;
  }
  response.flushHeaders();
  pipeline(answer, response, (error) => {
    if (error) connection.cut();
  });
}

function wayOf(error: NodeJS.ErrnoException): Obstacle['way'] {
  if (error instanceof Obstacle) return error.way;
  const late = error.code === 'ETIMEDOUT';
  return { kind: 'failed', trouble: 'dial-failed', detail: error.message, late };
}
