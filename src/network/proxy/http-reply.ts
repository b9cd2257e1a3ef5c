import { type Reason, reasonTexts, type Trouble, troubleTexts } from '../../policy/refusal.ts';

export interface RefusedPlace {
  readonly reason: Reason;
  /** A host name in its normal form, or null. */
  readonly name: string | null;
  readonly port: number;
}

export interface HttpReply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const type = 'application/json';

/** What would let it out, for the reasons that a rule can mend. */
export function remedyOf({ reason, name, port }: RefusedPlace): string | null {
  const mendable = reason === 'name-not-allowed' || reason === 'port-not-allowed';
  return mendable && name !== null ? `cloister allow ${name}:${port}` : null;
}

export function replyRefused(place: RefusedPlace): HttpReply {
  const { reason, name, port } = place;
  const words = {
    error: 'refused',
    reason,
    message: reasonTexts[reason],
    name,
    port,
    allow: remedyOf(place),
  };
  return { status: 403, type, body: `${JSON.stringify(words)}\n` };
}

export function replyFailed(trouble: Trouble, name: string | null, late: boolean): HttpReply {
  const words = { error: 'failed', reason: trouble, message: troubleTexts[trouble], name };
  const status = trouble === 'said-nothing' ? 408 : late ? 504 : 502;
  return { status, type, body: `${JSON.stringify(words)}\n` };
}

/** @returns a refusal for a connection that can no longer be spoken to in any other way: it closes after it. */
export function renderRefusal(place: RefusedPlace): string {
  return renderReply(replyRefused(place));
}

export function renderReply({ status, type, body }: HttpReply): string {
  const reasonPhrase = { 403: 'Forbidden', 408: 'Request Timeout', 502: 'Bad Gateway' }[status] ?? 'Error';
  const head = [`HTTP/1.1 ${status} ${reasonPhrase}`, `Content-Type: ${type}`];
  return [...head, `Content-Length: ${Buffer.byteLength(body)}`, 'Connection: close', '', body].join('\r\n');
}
