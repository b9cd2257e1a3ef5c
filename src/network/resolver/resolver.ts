import { normaliseName } from '../../policy/host-name.ts';
import { type Reason, reasonTexts, type Trouble } from '../../policy/refusal.ts';
import {
  Explanation,
  parseQuery,
  type Query,
  Rcode,
  renderAnswer,
  renderError,
  type Transport,
} from '../dns-message.ts';
import { makeFinished } from './answer-cache.ts';
import { makeBlank } from './answer-template.ts';
import { makeNames, type Names } from './names.ts';
import type { FoundAddresses, ReplyWith, Resolution, Resolver, ResolverParts } from './resolver-parts.ts';

const typeA = 1;
const classInternet = 1;
/** Milliseconds that an answer without data stays finished: it is the same until the list changes. */
const emptyLife = 300_000;
/** Queries that may wait for a look-up at once, of all clients together. */
const mostWaiting = 1024;
const mostDetail = 200;

/**
 * Answers for allowed names alone. A name that is not allowed causes no query upstream; names below a
 * wildcard do, and their owner reads them: new ones are rationed.
 */
export function makeResolver(parts: ResolverParts): Resolver {
  const names = makeNames(parts);
  const finished = { datagram: makeFinished(), stream: makeFinished() };
  let waiting = 0;
  const wait = async (answer: Promise<ReplyWith>) => {
    waiting += 1;
    return answer.finally(() => {
      waiting -= 1;
    });
  };
  return {
    answer: (bytes, over = 'stream') => {
      const known = finished[over].find(bytes, parts.now());
      // The query's id, which stands first, is the answer's.
      if (known !== null) return Buffer.concat([bytes.subarray(0, 2), known.subarray(2)]);
      const query = parseQuery(bytes);
      if (query === null) return null;
      if ('rcode' in query) return renderError(query.message, query.rcode);
      const name = judge(parts, query);
      if (typeof name !== 'string') return refuse(parts, { query, bytes, ...name });
      if (query.class !== classInternet) return blanks.otherClass(query, bytes);
      const task = { parts, names, finished: finished[over], query, bytes, name, over };
      if (query.type !== typeA) return answerEmptily(task);
      const found = names.find(name, { fresh: false });
      if (!(found instanceof Promise)) return tell(task, found);
      if (waiting >= mostWaiting) return fail(task, 'overloaded', 'too many queries are waiting');
      return wait(found.then((later) => tell(task, later)));
    },
    resolve: async (name, options = { fresh: false }) => {
      const { resolution, until } = await names.find(name, options);
      return age(resolution, until, parts.now());
    },
    forget: () => {
      names.forget();
      finished.datagram.forget();
      finished.stream.forget();
    },
  };
}

interface Task {
  readonly parts: ResolverParts;
  readonly names: Names;
  readonly finished: ReturnType<typeof makeFinished>;
  readonly query: Query;
  readonly bytes: Buffer;
  readonly name: string;
  readonly over: Transport;
}

/** @returns the name in its normal form if it is allowed. IDNA is for people: on the wire a name is ASCII. */
function judge(
  parts: ResolverParts,
  query: Pick<Query, 'name'>,
): string | { readonly name: string | null; readonly reason: Reason } {
  const name = /^[\x21-\x7e]*$/.test(query.name) ? normaliseName(query.name) : null;
  if (name === null) return { name, reason: 'not-a-name' };
  return parts.allowlist().rulesFor(name).length > 0 ? name : { name, reason: 'name-not-allowed' };
}

function answerEmptily({ parts, finished, query, bytes, over }: Task): Buffer {
  const answer = renderAnswer(query, { addresses: [], ttl: 0, over });
  const expires = parts.now() + emptyLife;
  finished.keep(bytes, { answer, expires, isCurrent: () => true });
  return answer;
}

function tell(task: Task, found: FoundAddresses): Buffer {
  const { parts, query, bytes, name, over } = task;
  // The list may have changed while the upstream was asked.
  const still = judge(parts, query);
  if (typeof still !== 'string') return refuse(parts, { query, bytes, ...still });
  const resolution = age(found.resolution, found.until, parts.now());
  switch (resolution.kind) {
    case 'addresses':
      return finish(task, found, renderAnswer(query, { ...resolution, over }));
    case 'absent':
      return finish(task, found, blanks.absent(query, bytes));
    case 'denied':
      return refuse(parts, { query, bytes, name, reason: resolution.reason });
    case 'failed':
      return fail(task, resolution.trouble, resolution.detail);
  }
}

function finish(
  { parts, names, finished, bytes, name }: Task,
  found: FoundAddresses,
  answer: Buffer,
): Buffer {
  const isCurrent = () => names.isCurrent(name, found);
  if (found.until > parts.now()) finished.keep(bytes, { answer, expires: found.until, isCurrent });
  return answer;
}

function age(resolution: Resolution, until: number, now: number): Resolution {
  if (resolution.kind !== 'addresses' || until <= now) return resolution;
  return { ...resolution, ttl: Math.ceil((until - now) / 1000) };
}

const blanks = {
  absent: makeBlank({ rcode: Rcode.noSuchName }),
  otherClass: makeBlank({ rcode: Rcode.refused }),
};
const refusals = new Map<Reason, ReturnType<typeof makeBlank>>();

/** Too many names is no word on whether this one exists: nobody shall remember it as absent. */
function makeRefusal(reason: Reason): ReturnType<typeof makeBlank> {
  const isRation = reason === 'too-many-names';
  const code = isRation ? Explanation.rateLimited : Explanation.blocked;
  const rcode = isRation ? Rcode.refused : Rcode.noSuchName;
  return makeBlank({ rcode, why: { code, text: reasonTexts[reason] } });
}

function refuse(
  parts: ResolverParts,
  { query, bytes, name, reason }: { query: Query; bytes: Buffer; name: string | null; reason: Reason },
): Buffer {
  parts.refused({ via: 'dns', reason, name, address: null, port: null });
  const blank = refusals.get(reason) ?? makeRefusal(reason);
  refusals.set(reason, blank);
  return blank(query, bytes);
}

function fail({ parts, query, name }: Task, trouble: Trouble, detail: string): Buffer {
  parts.failed({ via: 'dns', trouble, name, port: null, detail: detail.slice(0, mostDetail) });
  const why = { code: Explanation.noReachableAuthority, text: detail };
  return renderError(query.message, Rcode.serverFailure, why);
}
