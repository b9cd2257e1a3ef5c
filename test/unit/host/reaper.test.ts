import { expect, test } from 'vitest';
import { makeReaper } from '../../../src/host/reaper.ts';

/** A kernel's queue of ended children: `peek` shows the first, `collect` takes one away. */
function queueOf(...pids: number[]) {
  const later: (() => void)[] = [];
  const collected: number[] = [];
  const calls = {
    peek: () => pids[0] ?? 0,
    collect: (pid: number) => {
      collected.push(pid);
      return pids.splice(pids.indexOf(pid), 1).length === 1;
    },
  };
  const takenByNode = (pid: number) => void pids.splice(pids.indexOf(pid), 1);
  return {
    calls,
    later,
    collected,
    takenByNode,
    runLater: () => later.splice(0).forEach((callback) => void callback()),
  };
}

test('every orphan is collected in one sweep', () => {
  const queue = queueOf(11, 12, 13);
  makeReaper({ calls: queue.calls, isOurs: () => false, later: () => {} })();
  expect(queue.collected).toEqual([11, 12, 13]);
});

test("a child of Node's own is never taken, and does not hide the orphans behind it for long", () => {
  const queue = queueOf(7, 11, 12);
  const sweep = makeReaper({
    calls: queue.calls,
    isOurs: (pid) => pid === 7,
    later: (call) => void queue.later.push(call),
  });
  sweep();
  expect(queue.collected).toEqual([]);
  queue.takenByNode(7);
  queue.runLater();
  expect(queue.collected).toEqual([11, 12]);
});

test('many signals while a child of its own waits lead to one further look', () => {
  const queue = queueOf(7);
  const sweep = makeReaper({
    calls: queue.calls,
    isOurs: () => true,
    later: (call) => void queue.later.push(call),
  });
  for (let i = 0; i < 5; i++) sweep();
  expect(queue.later).toHaveLength(1);
});
