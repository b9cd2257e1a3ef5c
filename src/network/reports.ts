import type { Failure, Refusal } from '../core/refusal.ts';
import type { Report } from './link.ts';

/** Milliseconds between two reports: a flood is counted, not repeated. */
const pause = 200;
const mostListed = 50;

/** Collects what was refused and what failed, and sends it in bounded reports; no count is lost. */
export function makeReports(send: (report: Report) => void) {
  const refusals = makeTally<Refusal>();
  const failures = makeTally<Failure>();
  let waiting = false;
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
    setTimeout(flush, pause);
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
      else if (counts.size < mostListed) counts.set(key, { ...item, count: 1 });
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
