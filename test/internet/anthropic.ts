// api.anthropic.com and its sisters: a Messages API that says what a script tells it to, and a plain,
// quick "nothing here" for whatever else Claude Code asks when it starts.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Journal } from './journal.ts';
import {
  chooseTurn,
  instructionFiles,
  isSideRequest,
  lastPrompt,
  type MessagesRequest,
  type Script,
  sinceLastAnswer,
  type ToolResult,
  toolResults,
} from './script.ts';
import { renderEvents, renderMessage } from './sse.ts';
import { type Handler, readBody, sendJson } from './web.ts';

export interface AnthropicRequest {
  host: string;
  method: string;
  path: string;
  /** How the account was named: `Bearer`, `x-api-key` or `none`. */
  auth: string;
  model?: string;
  kind?: 'conversation' | 'side' | 'count';
  /** What the user said last, at most 2000 characters. */
  prompt?: string;
  /** Tool results and context since the model's last answer, at most 40000 characters. */
  heard?: string;
  /** Files of instructions that the model was given. */
  instructions?: string[];
  /** What the script's tool calls among it came to, at most 8000 characters each. */
  results?: ToolResult[];
}

export interface AnthropicOptions {
  journal: Journal<AnthropicRequest>;
  script: () => Script;
}

export function createAnthropic({ journal, script }: AnthropicOptions): Handler {
  return async (request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const body = await readBody(request);
    const asked = path.startsWith('/v1/messages') ? parseRequest(body) : undefined;
    journal.add({ ...describe(request), ...(asked === undefined ? {} : describeMessages(path, asked)) });
    if (asked === undefined) {
      answerOther(path, request, response);
      return;
    }
    if (authOf(request) === 'none') return sendError(response, 401, 'authentication_error');
    if (path === '/v1/messages/count_tokens') return sendJson(response, 200, { input_tokens: 12 });
    const { refuses } = script();
    if (refuses === undefined) answerMessages(asked, script(), response);
    else sendError(response, refuses.status, refuses.type, refuses.headers);
  };
}

function answerMessages(asked: MessagesRequest, script: Script, response: ServerResponse): void {
  const { model = 'stub', messages = [], stream } = asked;
  const chosen = isSideRequest(asked)
    ? { turn: { text: script.aside }, id: 'toolu_side' }
    : chooseTurn(script, messages);
  const requestId = { 'request-id': 'req_stub' };
  if (!stream) {
    sendJson(response, 200, renderMessage(chosen, model), requestId);
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache', ...requestId });
  response.end(renderEvents(chosen, model));
}

function answerOther(path: string, request: IncomingMessage, response: ServerResponse): void {
  // What a service account's signed word is exchanged for.
  if (path === '/token') {
    sendJson(response, 200, { access_token: 'ya29.of-the-stub', expires_in: 3600, token_type: 'Bearer' });
    return;
  }
  const isGreeting = path === '/' || path.endsWith('/hello');
  if (isGreeting || request.method === 'POST') sendJson(response, 200, {});
  else sendError(response, 404, 'not_found_error');
}

function sendError(response: ServerResponse, status: number, type: string, headers = {}): void {
  const error = { type, message: `The test internet says ${status}.` };
  sendJson(response, status, { type: 'error', error }, headers);
}

function describe(request: IncomingMessage): AnthropicRequest {
  const { method = '', url: path = '', headers } = request;
  return { host: headers.host ?? '', method, path, auth: authOf(request) };
}

function describeMessages(path: string, asked: MessagesRequest): Partial<AnthropicRequest> {
  const isCount = path === '/v1/messages/count_tokens';
  return {
    kind: isCount ? 'count' : isSideRequest(asked) ? 'side' : 'conversation',
    ...(asked.model === undefined ? {} : { model: asked.model }),
    prompt: lastPrompt(asked.messages ?? []).slice(-2000),
    heard: sinceLastAnswer(asked.messages ?? []).slice(-40_000),
    instructions: instructionFiles(asked.messages ?? []),
    results: toolResults(asked.messages ?? []).map((one) => ({ ...one, text: one.text.slice(0, 8000) })),
  };
}

function authOf({ headers }: IncomingMessage): string {
  if (headers['x-api-key'] !== undefined) return 'x-api-key';
  return headers.authorization?.split(' ')[0] ?? 'none';
}

function parseRequest(body: string): MessagesRequest | undefined {
  try {
    return JSON.parse(body) as MessagesRequest;
  } catch {
    return undefined;
  }
}
