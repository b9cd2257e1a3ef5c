import type { Reason } from '../../policy/refusal.ts';
import { makeRelay } from './byte-relay.ts';
import { HelloReader } from './client-hello.ts';
import { type Connection, type ProxyContext, tellFailed, tellRefused } from './connection.ts';
import type { HelloFault, HelloReading } from './hello-reading.ts';
import { renderRefusal } from './http-reply.ts';
import { type Claim, judge } from './judge-claim.ts';
import { closeLingering } from './lingering-close.ts';
import { dialOutbound } from './outbound-dial.ts';
import { renderAlert } from './tls-alert.ts';

/** Reads the ClientHello of a connection, judges its name, and relays it to that name's own addresses. */
export function takeTls(context: ProxyContext, connection: Connection): void {
  const { socket } = connection;
  const reader = new HelloReader();
  const done = () => {
    clearTimeout(timer);
    socket.pause();
    socket.off('data', read).off('end', ended).off('close', done);
  };
  const read = (chunk: Buffer) => {
    const reading = reader.push(chunk);
    if (reading.kind === 'more') return;
    done();
    const first = reader.bytes[0] ?? 0;
    const verdict = judgeHello(context, connection, reading);
    if ('reason' in verdict) refuse(context, connection, { ...verdict, first });
    else void letOut(context, connection, { claim: verdict.claim, bytes: reader.bytes });
  };
  const ended = () => {
    done();
    if (reader.bytes.length === 0) socket.destroy();
    else refuse(context, connection, { reason: 'not-tls', name: null, first: reader.bytes[0] ?? 0 });
  };
  const timer = setTimeout(() => {
    done();
    const detail = `${reader.bytes.length} octets within ${context.limits.hello} ms are no whole ClientHello`;
    tellFailed(context, connection, { via: 'tls', trouble: 'said-nothing', name: null, detail });
    closeLingering(socket, renderAlert(null), context.limits.lingering);
  }, context.limits.hello);
  socket.on('data', read).on('end', ended).on('close', done);
}

type Verdict =
  | { readonly claim: Claim }
  | { readonly name: string | null; readonly reason: Reason; readonly malformed?: boolean };

const reasons: Readonly<Record<HelloFault, Reason>> = {
  'not-tls': 'not-tls',
  malformed: 'not-tls',
  'too-large': 'too-large',
  'not-a-name': 'not-a-name',
};

function judgeHello(
  { parts }: ProxyContext,
  { destination }: Connection,
  reading: Exclude<HelloReading, { kind: 'more' }>,
): Verdict {
  if (reading.kind === 'fault')
    return { name: null, reason: reasons[reading.fault], malformed: reading.fault === 'malformed' };
  const { name, hidden: hides } = reading;
  if (name === null) return { name, reason: hides ? 'hidden-name' : 'no-name' };
  const claim = { name, port: destination.port, protocol: 'tls', hides } as const;
  const reason = judge(parts.allowlist(), claim);
  return reason === null ? { claim } : { name, reason };
}

interface Hello {
  readonly claim: Claim;
  readonly bytes: Buffer;
}

async function letOut(context: ProxyContext, connection: Connection, { claim, bytes }: Hello): Promise<void> {
  const { socket } = connection;
  const { name } = claim;
  connection.prove(claim);
  const relay = makeRelay(socket, context.limits.idle);
  const way = await dialOutbound({ ...context, isGone: () => socket.destroyed, onread: relay.onread }, claim);
  switch (way.kind) {
    case 'open':
      way.socket.write(bytes);
      return relay.start(way.socket, way);
    case 'refused':
      return refuse(context, connection, { ...way, name, first: 0 });
    case 'failed':
      tellFailed(context, connection, { via: 'tls', ...way, name });
      return closeLingering(socket, renderAlert(null), context.limits.lingering);
    case 'gone':
      return;
  }
}

interface Sentence {
  readonly name: string | null;
  readonly reason: Reason;
  readonly malformed?: boolean;
  /** The first octet the client sent. */
  readonly first: number;
}

function refuse(
  context: ProxyContext,
  connection: Connection,
  { name, reason, malformed, first }: Sentence,
): void {
  const { socket, destination } = connection;
  tellRefused(context, connection, { via: 'tls', reason, name });
  // Plain HTTP begins with a method in capitals: such a client could not read an alert.
  const plain = reason === 'not-tls' && first >= 0x41 && first <= 0x5a;
  const lastWord = plain
    ? renderRefusal({ reason, name, port: destination.port })
    : renderAlert(malformed === true ? 'malformed' : reason);
  closeLingering(socket, lastWord, context.limits.lingering);
}
