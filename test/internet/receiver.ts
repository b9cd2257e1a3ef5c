// notify.test and otel.test: hosts of the operator's, which keep whatever is posted to them.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Journal } from './journal.ts';
import type { Handler } from './web.ts';

export interface Received {
  host: string;
  method: string;
  path: string;
  headers: Record<string, unknown>;
  /** As it came, one character an octet; what was compressed stays so. */
  body: string;
  octets: number;
}

/** How it answers from now on. */
export interface Manner {
  status: number;
  /** What its answer holds: nobody shall read it. */
  text: string;
}

export function createReceiver(received: Journal<Received>, manner: () => Manner): Handler {
  return async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const { method = '', url: path = '', headers } = request;
    received.add({
      host: headers.host ?? '',
      method,
      path,
      headers,
      body: body.toString('latin1').slice(0, 200_000),
      octets: body.length,
    });
    const { status, text } = manner();
    response.writeHead(status, { 'content-type': 'text/plain', 'x-receiver': text });
    response.end(text);
  };
}
