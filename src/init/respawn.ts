import { chainOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Child, ChildSpec, Host } from '../host/host.ts';
import type { ChildNews } from '../state/box-state.ts';
import { type EndOptions, endChild } from './end-child.ts';
import type { Policy } from './respawn-policies.ts';

export interface Respawned {
  readonly child: Child;
  /** Ends it for good. Resolves when it is gone. */
  stop(grace: number, hurried?: EndOptions['hurried']): Promise<void>;
}

interface Life {
  stopped: boolean;
  failing: boolean;
  restarts: number;
  /** Milliseconds until the next start. */
  pause: number;
  lastCode: number | null;
  /** When it ended, as far as that still counts. */
  ends: readonly number[];
}

const newLife: Omit<Life, 'pause'> = {
  stopped: false,
  failing: false,
  restarts: 0,
  lastCode: null,
  ends: [],
};

export interface RespawnOptions {
  readonly host: Host;
  readonly log: Log;
  readonly name: ChildNews['child'];
  readonly policy: Policy;
  readonly spec: ChildSpec;
  /** Called for the first and for every later child, before anything can have happened to it. */
  readonly started: (child: Child, restarts: number) => void;
  readonly ended: (code: number) => void;
  readonly tell?: (news: ChildNews) => void;
}

/** Starts a child and starts it again whenever it ends, until it is stopped. */
export function respawn(options: RespawnOptions): Respawned {
  const { host, log, name, policy, tell = () => {} } = options;
  const life = { ...newLife, pause: policy.pause };
  let child = begin();

  function begin(): Child {
    const startedAt = host.uptime();
    const current = startAnyhow(host, log, options);
    options.started(current, life.restarts);
    say('started');
    let over = false;
    void current.exited.then((code) => {
      over = true;
      return again(code, host.uptime() - startedAt);
    });
    if (life.failing) void host.sleep(policy.settled).then(() => over || settle());
    return current;
  }

  function settle(): void {
    if (life.stopped) return;
    life.failing = false;
    say('settled');
  }

  async function again(code: number, lived: number): Promise<void> {
    options.ended(code);
    life.lastCode = code;
    if (life.stopped) return say('ended');
    if (lived > policy.settled) {
      life.pause = policy.pause;
      life.ends = [];
    }
    const { pause } = life;
    log.event('error', 'child.ended', { child: name, code, restartIn: pause });
    say(judge(options, life, host.uptime()));
    await host.sleep(pause);
    life.pause = Math.min(pause * 2, policy.longest);
    life.restarts += 1;
    if (!life.stopped) child = begin();
  }

  function say(what: ChildNews['what']): void {
    const { restarts, lastCode, failing } = life;
    tell({ child: name, what, restarts, lastCode, failing });
  }
  return {
    get child() {
      return child;
    },
    stop: (grace, hurried) => {
      life.stopped = true;
      return endChild(host, child, { grace, ...(hurried && { hurried }) });
    },
  };
}

/** Too many ends in too short a time are told once, until it has settled. */
function judge({ log, name, policy }: RespawnOptions, life: Life, now: number): 'failing' | 'ended' {
  const { failing } = policy;
  life.ends = [...life.ends, now].filter((at) => now - at < failing.within);
  if (life.failing || life.ends.length < failing.ends) return 'ended';
  life.failing = true;
  log.event('fatal', 'child.failing', { child: name, ends: life.ends.length, within: failing.within });
  return 'failing';
}

/** A start that fails at once, as when the machine has no process left, is an end like any other. */
function startAnyhow(host: Host, log: Log, { name, spec }: RespawnOptions): Child {
  try {
    return host.start(spec);
  } catch (error) {
    log.event('error', 'child.not.started', { child: name, reason: chainOf(error) });
    const nothing = () => {};
    return { pid: 0, exited: Promise.resolve(127), send: nothing, onMessage: nothing, signal: nothing };
  }
}
