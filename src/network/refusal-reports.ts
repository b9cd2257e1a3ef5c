import type { Failure, Refusal } from '../policy/refusal.ts';
import type { Report } from './protocol.ts';

/**
 * Milliseconds from a refusal to its report: a client asks for A and AAAA in one breath. The agent is told in the
 * same turn, so it must be far less than a hook needs to start.
 */
const breath = 10;
/** Milliseconds between two reports once there were many: a flood is counted, not repeated. */
const pause = 200;
const mostAtOnce = 20;
export const mostTallied = 50;

/** Collects what was refused and what failed, and sends it in bounded reports; no count is lost. */
export function makeReports(send: (report: Report) => void, now: () => number) {
  const refusals = makeTally<Refusal>();
  const failures = makeTally<Failure>();
  let waiting = false;
  const credit = { reports: mostAtOnce, at: now() };
  const flush = () => {
    waiting = false;
    const [refused, failed] = [refusals.take(), failures.take()];
    send({
      kind: 'report',
      refusals: refused.items,
      failures: failed.items,
      more: { refusals: refused.more, failures: failed.more },
    });
  };
  const soon = () => {
    if (waiting) return;
    waiting = true;
    const regained = (now() - credit.at) / pause;
    credit.reports = Math.min(mostAtOnce, credit.reports + regained) - 1;
    credit.at = now();
    if (credit.reports < 0) credit.reports = 0;
    setTimeout(flush, credit.reports > 0 ? breath : pause);
  };
  return {
    refused: (refusal: Refusal) => {
      refusals.add(refusal);
      soon();
    },
    failed: (failure: Failure) => {
      failures.add(failure);
      soon();
    },
  };
}

function makeTally<Item extends object>() {
  const counts = new Map<string, Item & { count: number }>();
  let more = 0;
  return {
    add: (item: Item) => {
      const key = Object.values(item).join(' ');
      const known = counts.get(key);
      if (known !== undefined) known.count += 1;
      else if (counts.size < mostTallied) counts.set(key, { ...item, count: 1 });
      else more += 1;
    },
    take: () => {
      const taken = { items: [...counts.values()], more };
      counts.clear();
      more = 0;
      return taken;
    },
  };
}
