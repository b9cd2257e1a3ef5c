import { makeTokenBucket } from '../../core/token-bucket.ts';
import { type NotificationWord, notifications } from '../../policy/notification.ts';
import type { NotifyTarget } from '../../policy/outbound-target.ts';
import { renderMessage } from './notification-message.ts';
import { type Post, PostError } from './post.ts';

/** Milliseconds after which the same word is told again at the soonest; what comes meanwhile is counted. */
export const wordPause = 60_000;
/** What either side may have told at once, and how many more a second: the agent can't use up what the box has. */
export const rations = {
  agent: { burst: 10, perSecond: 1 / 60 },
  box: { burst: 10, perSecond: 1 / 60 },
} as const;
/** Milliseconds between the tries for one message; after the last it is given up. */
const pauses = [1000, 5000, 25_000, 120_000];

export type Source = keyof typeof rations;

export interface Notifier {
  /** Never waits, never fails. */
  tell(word: NotificationWord, source: Source): void;
  /** Tries what is left once more, without waiting for its time. */
  flush(): Promise<void>;
}

export interface NotifierParts {
  readonly notify: NotifyTarget;
  readonly post: Post;
  readonly now: () => number;
  /** Hears of the first failure of several, in words of ours. */
  readonly troubled: (reason: string) => void;
}

interface Waiting {
  count: number;
  readonly source: Source;
}

/** Tells one thing after another. What waits is one entry a word, so there is an end to it whatever happens. */
export function makeNotifier(parts: NotifierParts): Notifier {
  const { notify, now } = parts;
  const waiting = new Map<NotificationWord, Waiting>();
  const toldAt = new Map<NotificationWord, number>();
  const left = {
    agent: makeTokenBucket({ ...rations.agent, now }),
    box: makeTokenBucket({ ...rations.box, now }),
  };
  let working = false;
  let timer: NodeJS.Timeout | undefined;

  const delayOf = (word: NotificationWord, { source }: Waiting) =>
    Math.max((toldAt.get(word) ?? -wordPause) + wordPause - now(), left[source].wait(1));
  const take = (word: NotificationWord): Waiting | undefined => {
    const entry = waiting.get(word);
    waiting.delete(word);
    toldAt.set(word, now());
    return entry;
  };
  const attempt = makeAttempt(parts);
  const delivery = makeDelivery(attempt);
  const work = async () => {
    if (working) return;
    clearTimeout(timer);
    const [next] = [...waiting]
      .map(([word, entry]) => ({ word, entry, delay: delayOf(word, entry) }))
      .sort((one, other) => one.delay - other.delay);
    if (next === undefined) return;
    if (next.delay > 0) {
      timer = setTimeout(() => void work(), next.delay);
      return;
    }
    working = true;
    left[next.entry.source].take(1);
    const entry = take(next.word);
    await delivery.deliver({ word: next.word, count: entry?.count ?? 1 });
    working = false;
    void work();
  };
  return {
    tell: (word, source) => {
      if (!notify.on.includes(notifications[word].kind)) return;
      const known = waiting.get(word);
      if (known === undefined) waiting.set(word, { count: 1, source });
      else known.count += 1;
      void work();
    },
    flush: async () => {
      // The box's are few, and once: the agent must not have used up what they would need.
      const rest = [...waiting]
        .filter(([, { source }]) => source === 'box' || left[source].take(1))
        .map(([word]) => ({ word, count: take(word)?.count ?? 1 }));
      await Promise.all([delivery.trying(), ...[...delivery.given(), ...rest].map(attempt)]);
    },
  };
}

interface News {
  readonly word: NotificationWord;
  readonly count: number;
}

type Attempt = (news: News) => Promise<'told' | 'again' | 'never'>;

function makeAttempt({ notify, post, troubled }: NotifierParts): Attempt {
  let troubledBefore = false;
  const report = (reason: string) => {
    if (!troubledBefore) troubled(reason);
    troubledBefore = true;
  };
  return async ({ word, count }) => {
    try {
      const status = await post(notify, { path: notify.path, ...renderMessage(notify, word, count) });
      if (status >= 200 && status < 300) {
        troubledBefore = false;
        return 'told';
      }
      report(`status-${status}`);
      return isForNow(status) ? 'again' : 'never';
    } catch (error) {
      report(error instanceof PostError ? error.reason : 'broken');
      return 'again';
    }
  };
}

function makeDelivery(attempt: Attempt) {
  /** The try that is under way, and what waits for its next one. */
  let trying: Promise<unknown> = Promise.resolve();
  let given: readonly News[] = [];
  const deliver = async (news: News) => {
    for (const pause of [...pauses, null]) {
      const outcome = attempt(news);
      trying = outcome;
      if ((await outcome) !== 'again' || pause === null) break;
      given = [news];
      await new Promise((resolve) => void setTimeout(resolve, pause));
      given = [];
    }
  };
  return { deliver, trying: () => trying, given: () => given };
}

/** Too many, too slow, or a fault of the server's: what was said is right all the same. */
function isForNow(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}
