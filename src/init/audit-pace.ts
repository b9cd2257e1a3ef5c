import type { Host } from '../host/host.ts';
import { makeThrottle, type Throttle } from './throttle.ts';

/** Milliseconds in which the log tells the same refusal once, and how many events it tells a second. */
export const logPace = { window: 10_000, rate: 20 };
/** The files are what the agent is told from, tool call by tool call: the same again is news much sooner. */
export const filePace = { window: 1000, rate: 20 };

export interface Telling<Item> {
  readonly keyOf: (item: Item) => string;
  readonly logged: (item: Item, count: number) => unknown;
  readonly loggedRest: (count: number) => void;
  readonly filed: (item: Item, count: number) => unknown;
  readonly filedRest: (count: number) => void;
}

/** Tells the log and the files, each at its own pace and each in order. */
export function makePair<Item>(host: Host, telling: Telling<Item>) {
  let told: Promise<unknown> = Promise.resolve();
  const inTurn = (tell: () => unknown) => {
    told = told.then(tell).catch(() => {});
  };
  const throttle = (
    pace: typeof logPace,
    tell: (item: Item, count: number) => unknown,
    tellRest: (count: number) => void,
  ): Throttle<Item> =>
    makeThrottle({
      ...pace,
      keyOf: telling.keyOf,
      now: host.uptime,
      sleep: host.sleep,
      tell: (item, count) => inTurn(() => tell(item, count)),
      tellRest: (count) => inTurn(() => tellRest(count)),
    });
  const both = [
    throttle(filePace, telling.filed, telling.filedRest),
    throttle(logPace, telling.logged, telling.loggedRest),
  ];
  return {
    add: (item: Item, count: number) => {
      for (const one of both) one.add(item, count);
    },
    addRest: (count: number) => {
      for (const one of both) one.addRest(count);
    },
    flush: () => {
      for (const one of both) one.flush();
      return told;
    },
  };
}
