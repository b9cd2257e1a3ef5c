import type { Look, StatusSeen } from './look.ts';

/** What times are multiplied by: they are those of a machine that does nothing else. */
export const patience = Number(process.env.PATIENCE ?? 1);
/** Milliseconds that `status` may take. */
export const statusTime = 1000;
/** Milliseconds that a program of Node's which does nothing takes on such a machine. */
const emptyTime = 50;
/** Milliseconds in which a fault may go unnoticed: a look each five seconds, eleven for an answer, and some more. */
export const unnoticed = 40_000 * patience;

/** @returns what the last look says against the promises, by itself. */
export function judgeLook(looks: readonly Look[]): string[] {
  const last = looks.at(-1);
  if (last === undefined) return [];
  if (last.failed !== null) return [`nobody got in to look: ${last.failed}`];
  if (last.status === null) return ['status gave no answer'];
  // One alone may have had bad luck among the programs of a busy machine.
  const both = looks.slice(-2);
  const isSlow = both.length === 2 && both.every((look) => ownTime(look) > statusTime);
  return isSlow ? [`status took ${both.map(ownTime).join(' and ')} ms`] : [];
}

/** Milliseconds that `status` would have taken on a machine that does nothing else. */
export function ownTime({ took, empty }: Look): number {
  return Math.round(took / Math.max(1, empty / emptyTime));
}

/**
 * Compares what is said with what is so.
 * @param looks of one fault and what came after it, in their order.
 * @returns what has long been so and is still not told.
 */
export function judgeTruth(looks: readonly Look[]): string[] {
  const last = looks.at(-1);
  if (last === undefined || last.failed !== null) return [];
  return last.wrong
    .filter((wrong) => last.at - since(looks, wrong) > unnoticed)
    .flatMap((wrong) => untold(wrong, last).map((who) => `${who} says nothing of it: ${wrong}`));
}

/** @returns since when each look saw it. */
function since(looks: readonly Look[], wrong: string): number {
  const other = looks.findLastIndex((look) => !look.wrong.includes(wrong));
  return looks[other + 1]?.at ?? Number.POSITIVE_INFINITY;
}

function untold(wrong: string, { health, status }: Look): string[] {
  const child = wrong.split(':')[0] ?? '';
  const running =
    child === 'session' ? status?.session.running : child === 'egress' ? status?.resolver.running : true;
  const byStatus =
    running === false || status?.unanswered[child] !== undefined || status?.children[child]?.failing === true;
  return [
    ...(health?.status === 'healthy' ? ['health'] : []),
    // That Claude is not there is health's to say alone.
    ...(byStatus || child === 'agent' ? [] : ['status']),
  ];
}

/** @param worked there has been something to save for a while. */
export function judgeRescue(
  { outcome }: StatusSeen['rescue'],
  refs: readonly string[],
  worked: boolean,
): string[] {
  const saved = refs.some((ref) => ref.startsWith('refs/cloister/'));
  if (outcome === 'pushed' && !saved)
    return ['status says the work is saved, and the remote has nothing of it'];
  if (outcome === 'nothing' && worked) return ['status says there is nothing to save, and there is'];
  return [];
}

export function isWhole({ failed, wrong, health }: Look): boolean {
  return failed === null && wrong.length === 0 && health?.status === 'healthy';
}

export function isEntered({ failed, wrong }: Look): boolean {
  return failed === null && !wrong.some((one) => /^(session|agent):/.test(one));
}
