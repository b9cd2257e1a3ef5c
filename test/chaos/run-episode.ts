import { setTimeout as sleep } from 'node:timers/promises';
import type { Ended } from './exec.ts';
import type { Fault, Ground } from './faults/fault.ts';
import { isEntered, isWhole, ownTime, patience } from './judge.ts';
import type { Look } from './look.ts';
import type { Episode } from './plan.ts';
import { type Restored, restart } from './restart.ts';
import type { Watcher } from './watcher.ts';
import type { Work } from './work.ts';

/** Milliseconds after a fault's end in which the session can be entered again. */
const enteredWithin = 60_000 * patience;
/** And in which health has nothing more to say: a rescue's interval and two looks later. */
const healthyWithin = 90_000 * patience;

export interface Outcome {
  readonly episode: Episode;
  /** Milliseconds from the fault's end; null where it did not come in time. */
  readonly entered: number | null;
  readonly healthy: number | null;
  /** Milliseconds of the slowest answer of status: its own, and all of it. */
  readonly slowest: { readonly own: number; readonly all: number };
  readonly lost: number;
  /** What an operator had to do, as the documents say. */
  readonly byHand: readonly string[];
  /** Faults that could not be done: the other one of the two had left no way. */
  readonly notBegun: readonly Fault[];
  readonly broken: readonly string[];
}

export interface Stage {
  readonly ground: Ground;
  readonly watcher: Watcher;
  readonly work: Work;
  /** What is found meanwhile; emptied here. */
  readonly broken: string[];
}

/** Lets the faults stand for their time, ends them, and looks how long it takes until all is well. */
export async function runEpisode(episode: Episode, stage: Stage): Promise<Outcome> {
  const { ground, watcher, work, broken } = stage;
  watcher.forget();
  const notBegun = await begin(episode, ground);
  await sleep(episode.seconds * 1000);
  let restored: Restored = { lost: 0, broken: [] };
  const looksBefore = watcher.looks;
  if (episode.restart !== null) {
    await watcher.stop();
    restored = await restart(ground.box, work, episode.restart);
    watcher.forget();
    watcher.start();
  }
  await Promise.all(episode.faults.map((fault) => fault.end?.(ground)));
  const ended = Date.now();
  const entered = await enter(stage, ended);
  const byHand = await pressEnter(stage);
  const whole = await watcher.until(isWhole, ended + healthyWithin);
  if (whole === null)
    broken.push(`not healthy ${healthyWithin / 1000} s after the end: ${saidBy(watcher.looks.at(-1))}`);
  return {
    episode,
    entered,
    healthy: whole === null ? null : whole.at - ended,
    slowest: slowestOf([...looksBefore, ...watcher.looks]),
    lost: restored.lost,
    byHand,
    notBegun,
    broken: [...new Set([...broken.splice(0), ...restored.broken])],
  };
}

/** @returns those of the faults that could not be done. */
async function begin({ faults }: Episode, ground: Ground): Promise<Fault[]> {
  const ended = await Promise.all(
    faults.map((fault) => fault.begin(ground) as Promise<Partial<Ended> | null>),
  );
  return faults.filter((_, index) => (ended[index]?.code ?? 0) !== 0);
}

/** By a look, and then as an operator does it. */
async function enter({ ground, watcher, broken }: Stage, ended: number): Promise<number | null> {
  const look = await watcher.until(isEntered, ended + enteredWithin);
  const left = Math.ceil((ended + enteredWithin - Date.now()) / 1000);
  const why = look === null ? saidBy(watcher.looks.at(-1)) : await ground.box.enter(Math.max(10, left));
  if (why === null) return Date.now() - ended;
  broken.push(`not entered ${enteredWithin / 1000} s after the end: ${why}`);
  return null;
}

/** A Claude that ended again and again stays down until somebody asks for it. */
async function pressEnter({ ground, watcher }: Stage): Promise<string[]> {
  if (watcher.looks.at(-1)?.status?.children.agent?.failing !== true) return [];
  const tmux = 'tmux -N -S /run/cloister/session/tmux';
  await ground.box.agent(
    `${tmux} send-keys -t $(${tmux} list-panes -s -t =cloister -F '#{@cloister_role} #{pane_id}' | sed -n 's/^agent //p') Enter`,
  );
  return ["Enter in Claude's pane"];
}

function saidBy(look: Look | undefined): string {
  if (look === undefined) return 'nobody looked';
  const { failed, wrong, health, status } = look;
  return (
    failed ?? JSON.stringify({ wrong, health, unanswered: status?.unanswered, children: status?.children })
  );
}

function slowestOf(looks: readonly Look[]): Outcome['slowest'] {
  const seen = looks.filter(({ failed }) => failed === null);
  return { own: Math.max(0, ...seen.map(ownTime)), all: Math.max(0, ...seen.map(({ took }) => took)) };
}
