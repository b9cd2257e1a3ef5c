import type { FromEgress, ToEgress } from '../network/protocol.ts';
import type { Unresolved } from '../policy/model-trouble.ts';

/** Questions about names that may be open at once. A program taken over could leave every one unanswered. */
const mostQuestions = 8;

type Resolve = Extract<ToEgress, { kind: 'resolve' }>;
/** Hears of a name; null: it has addresses that may be dialled, and they are pinned. */
export type Heard = (name: string, trouble: Unresolved | null) => void;

/**
 * What the egress process was asked and has not answered. Names that it still owes when it ends the next one is asked
 * for; what it still had to tell is gone with it, and nobody waits for that.
 */
export function makeQuestions() {
  const names = new Map<
    number,
    { readonly left: Set<string>; readonly heard: Heard; readonly probed: readonly string[] }
  >();
  const flushes = new Map<number, (answered: boolean) => void>();
  let last = 0;
  return {
    resolve: (asked: readonly string[], heard: Heard, probed: readonly string[]): Resolve => {
      last += 1;
      const oldest = names.size >= mostQuestions ? names.keys().next().value : undefined;
      if (oldest !== undefined) names.delete(oldest);
      if (asked.length > 0) names.set(last, { left: new Set(asked), heard, probed });
      return { kind: 'resolve', id: last, names: asked, probed };
    },
    resolved: ({ id, name, trouble }: Extract<FromEgress, { kind: 'resolved' }>) => {
      const question = names.get(id);
      if (question?.left.delete(name) !== true) return;
      if (question.left.size === 0) names.delete(id);
      question.heard(name, trouble);
    },
    unheard: (): Resolve[] =>
      [...names].map(([id, { left, probed }]) => ({ kind: 'resolve', id, names: [...left], probed })),
    flush: (kind: 'flush' | 'ask') => {
      last += 1;
      const id = last;
      const done = new Promise<boolean>((resolve) => void flushes.set(id, resolve));
      return { question: { kind, id }, done };
    },
    flushed: (id: number) => {
      flushes.get(id)?.(true);
      flushes.delete(id);
    },
    flushAll: () => {
      for (const done of flushes.values()) done(false);
      flushes.clear();
    },
  };
}
