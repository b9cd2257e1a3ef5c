import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Connection } from './connection.ts';
import type { NameAgent } from './name-agent.ts';

/** A client's connection while it speaks HTTP. */
export interface HttpClient {
  readonly connection: Connection;
  /** Keeps the connections to the names this client asks for. */
  readonly agent: NameAgent;
  /** Requests that are not answered yet: the first is being served, and the others wait for it. */
  readonly queue: Exchange[];
}

/** A request and where its answer goes. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}
