import { Rcode } from './dns-message.ts';
import { exchange } from './exchange.ts';
import type { UpstreamAnswer } from './upstream-message.ts';
import { makeQueue } from './upstream-queue.ts';

/** Milliseconds an upstream has before the next is asked as well. */
const headStart = 250;
/** Milliseconds between two tries once all have been asked. */
const repeatPause = 1000;
/** Milliseconds all of them have together: less than the 5 s a stub resolver waits. */
const patience = 4000;
const mostTries = 8;
/** Milliseconds an upstream that was slow or dead is asked last. */
const penalty = 30_000;
const mostSockets = 256;

/** Asks for a name's IPv4 addresses. Throws when no upstream answered in time. */
export type AskUpstream = (name: string) => Promise<UpstreamAnswer>;

/**
 * Asks the first upstream, soon the next as well if it is slow, at once if it fails, and takes the first
 * good answer.
 * @param addresses the upstream resolvers, in order of preference.  @param port where they listen, usually
 * 53.
 */
export function makeUpstream(addresses: readonly string[], port = 53): AskUpstream {
  const enqueue = makeQueue(mostSockets);
  const badUntil = new Map<string, number>();
  const isBad = (address: string) => (badUntil.get(address) ?? 0) > performance.now();
  return async (name) => {
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(), patience);
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

interface Race {
  readonly upstreams: readonly string[];
  readonly ask: (address: string) => Promise<UpstreamAnswer>;
  /** Hears which upstreams answer, and which are slow or dead. */
  readonly report: (address: string, isGood: boolean) => void;
  readonly signal: AbortSignal;
}

function race({ upstreams, ask, report, signal }: Race): Promise<UpstreamAnswer> {
  return new Promise((resolve, reject) => {
    const running = new Map<number, string>();
    let tries = 0;
    let timer: NodeJS.Timeout | undefined;
    let poor: UpstreamAnswer | undefined;
    let failure: unknown = new Error('no upstream is configured');

    let isOver = false;
    const end = (answer: UpstreamAnswer | undefined) => {
      isOver = true;
      clearTimeout(timer);
      if (answer === undefined) reject(failure);
      else resolve(answer);
    };
    const next = () => {
      clearTimeout(timer);
      const address = upstreams[tries % upstreams.length];
      if (address === undefined) return end(undefined);
      const turn = tries;
      tries += 1;
      running.set(turn, address);
      if (tries < mostTries) timer = setTimeout(next, tries < upstreams.length ? headStart : repeatPause);
      ask(address).then(
        (answer) => hear(turn, address, answer),
        (error) => lose(turn, address, error),
      );
    };
    const hear = (turn: number, address: string, answer: UpstreamAnswer) => {
      running.delete(turn);
      if (isOver) return;
      if (!isFinal(answer)) {
        poor = answer;
        return goOn();
      }
      for (const [earlier, slow] of running) if (earlier < turn) report(slow, false);
      report(address, true);
      end(answer);
    };
    const lose = (turn: number, address: string, error: unknown) => {
      running.delete(turn);
      if (isOver) return;
      failure = error;
      report(address, false);
      goOn();
    };
    /** One that fails makes room for the next at once; when all have failed, nobody is kept waiting. */
    const goOn = () => {
      if (tries < upstreams.length) next();
      else if (running.size === 0) end(poor);
    };
    const giveUp = () => {
      for (const silent of running.values()) report(silent, false);
      failure = new Error(`${[...new Set(running.values())].join(', ')} did not answer in time`);
      end(poor);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    next();
  });
}

/** Any other code says that this upstream could not, or would not: another one may. */
function isFinal({ rcode }: UpstreamAnswer): boolean {
  return rcode === Rcode.ok || rcode === Rcode.noSuchName;
}
