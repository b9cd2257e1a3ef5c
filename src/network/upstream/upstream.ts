import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { frame, Unframer } from '../framing.ts';
import {
  parseUpstreamAnswer,
  randomiseCase,
  renderUpstreamQuery,
  type UpstreamAnswer,
} from './upstream-message.ts';
import { makeQueue } from './upstream-queue.ts';
import { race } from './upstream-race.ts';

/** Milliseconds all upstreams have together, where nobody says otherwise: less than the 5 s a stub resolver waits. */
const patience = 4000;
/** Milliseconds an upstream that was slow or dead is asked last. */
const penalty = 30_000;
const mostSockets = 256;

/** Asks for a name's IPv4 addresses. Throws when no upstream answered in time. */
export type AskUpstream = (name: string) => Promise<UpstreamAnswer>;

/**
 * Asks the first upstream, soon the next as well if it is slow, at once if it fails, and takes the first
 * good answer.
 * @param addresses the upstream resolvers, in order of preference.  @param port where they listen, usually
 * 53.  @param time milliseconds that all of them have together.
 */
export function makeUpstream(addresses: readonly string[], port = 53, time = patience): AskUpstream {
  const enqueue = makeQueue(mostSockets);
  const badUntil = new Map<string, number>();
  const isBad = (address: string) => (badUntil.get(address) ?? 0) > performance.now();
  return async (name) => {
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(), time);
    const { signal } = over;
    try {
      return await race({
        upstreams: addresses.toSorted((one, other) => Number(isBad(one)) - Number(isBad(other))),
        ask: (address) => enqueue(() => exchange({ address, port, name, signal }), signal),
        report: (address, isGood) => badUntil.set(address, isGood ? 0 : performance.now() + penalty),
        signal,
      });
    } catch (cause) {
      throw new Error(`no upstream answered for ${name}`, { cause });
    } finally {
      clearTimeout(timer);
      over.abort();
    }
  };
}

/** One question to one upstream; `signal` ends the waiting. */
interface Question {
  readonly address: string;
  readonly port: number;
  readonly name: string;
  readonly signal: AbortSignal;
}

/**
 * Asks one upstream, over UDP and then over TCP if it has to be. Rejects when it can't be reached, or the
 * signal says so.
 */
async function exchange(question: Question): Promise<UpstreamAnswer> {
  const answer = await askByDatagram(question);
  question.signal.throwIfAborted();
  return answer === 'by-stream' ? askByStream(question) : answer;
}

/**
 * A socket of its own for every query: the kernel picks an unforeseen source port, and only this peer may
 * answer. What is no answer to the question (another id, name or casing) is passed over, and the right one
 * waited for.
 */
function askByDatagram({ address, port, name, signal }: Question): Promise<UpstreamAnswer | 'by-stream'> {
  const query = renderUpstreamQuery(randomInt(65536), randomiseCase(name));
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  return new Promise<UpstreamAnswer | 'by-stream'>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(silence(address)), { once: true });
    socket.on('error', reject);
    socket.on('message', (bytes) => {
      const answer = parseUpstreamAnswer(bytes, query, 'datagram');
      if (answer !== null && answer !== 'cut') resolve(answer);
    });
    socket.on('connect', () => socket.send(query));
    socket.connect(port, address);
  }).finally(() => socket.close());
}

function askByStream({ address, port, name, signal }: Question): Promise<UpstreamAnswer> {
  const query = renderUpstreamQuery(randomInt(65536), randomiseCase(name));
  const socket = connect({ host: address, port });
  return new Promise<UpstreamAnswer>((resolve, reject) => {
    const unframer = new Unframer();
    signal.addEventListener('abort', () => reject(silence(address)), { once: true });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`${address} closed the connection`)));
    socket.on('data', (chunk: Buffer) => {
      for (const bytes of unframer.push(chunk)) {
        const answer = parseUpstreamAnswer(bytes, query, 'stream');
        if (answer === 'cut') reject(new Error(`${address} cut its answer off over TCP as well`));
        else if (answer !== null && answer !== 'by-stream') resolve(answer);
      }
    });
    socket.write(frame(query));
  }).finally(() => socket.destroy());
}

function silence(address: string): Error {
  return new Error(`${address} did not answer in time`);
}
