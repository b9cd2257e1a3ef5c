import { Rcode } from '../dns-message.ts';
import type { UpstreamAnswer } from './upstream-message.ts';

/** Milliseconds an upstream has before the next is asked as well. */
const headStart = 250;
/** Milliseconds between two tries once all have been asked. */
const repeatPause = 1000;
const mostTries = 8;

export interface Race {
  readonly upstreams: readonly string[];
  readonly ask: (address: string) => Promise<UpstreamAnswer>;
  /** Hears which upstreams answer, and which are slow or dead. */
  readonly report: (address: string, isGood: boolean) => void;
  readonly signal: AbortSignal;
}

/** Asks the first, the next where it is slow or fails, and so on around, until one gives a final answer or the signal ends it. */
export function race({ upstreams, ask, report, signal }: Race): Promise<UpstreamAnswer> {
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
