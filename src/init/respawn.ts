import { chainOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Child, ChildSpec, Host } from '../host/host.ts';
import type { ChildNews } from '../state/box-state.ts';
import { endChild, type Farewell } from './end-child.ts';
import type { Policy } from './respawn-policies.ts';

export interface Kept {
  readonly child: Child;
  /** Ends it for good. Resolves when it is gone. */
  stop(grace: number, hurried?: Farewell['hurried']): Promise<void>;
}

export interface KeepOptions {
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
export function keep(options: KeepOptions): Kept {
  const { host, log, name, policy, tell = () => {} } = options;
  const life = {
    stopped: false,
    failing: false,
    restarts: 0,
    pause: policy.pause,
    lastCode: null as number | null,
  };
  let ends: number[] = [];
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
    if (life.failing) {
      void host.sleep(policy.settled).then(() => {
        if (over || life.stopped) return;
        life.failing = false;
        say('settled');
      });
    }
    return current;
  }

  async function again(code: number, lived: number): Promise<void> {
    options.ended(code);
    life.lastCode = code;
    if (life.stopped) return say('ended');
    if (lived > policy.settled) {
      life.pause = policy.pause;
      ends = [];
    }
    const { pause } = life;
    log.event('error', 'child.ended', { child: name, code, restartIn: pause });
    judge(host.uptime());
    await host.sleep(pause);
    life.pause = Math.min(pause * 2, policy.longest);
    life.restarts += 1;
    if (!life.stopped) child = begin();
  }

  function judge(now: number): void {
    const { failing } = policy;
    ends = [...ends, now].filter((at) => now - at < failing.within);
    const isNew = !life.failing && ends.length >= failing.ends;
    life.failing ||= isNew;
    if (isNew)
      log.event('fatal', 'child.failing', { child: name, ends: ends.length, within: failing.within });
    say(isNew ? 'failing' : 'ended');
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
      return endChild(host, child, { grace, ...(hurried === undefined ? {} : { hurried }) });
    },
  };
}

/** A start that fails at once, as when the machine has no process left, is an end like any other. */
function startAnyhow(host: Host, log: Log, { name, spec }: KeepOptions): Child {
  try {
    return host.start(spec);
  } catch (error) {
    log.event('error', 'child.not.started', { child: name, reason: chainOf(error) });
    const nothing = () => {};
    return { pid: 0, exited: Promise.resolve(127), send: nothing, onMessage: nothing, signal: nothing };
  }
}
