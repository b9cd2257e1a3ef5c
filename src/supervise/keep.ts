import type { Log } from '../core/log.ts';
import type { Child, ChildSpec, Host } from '../host/host.ts';

/** Milliseconds before the first restart, doubled at each further one, up to the longest. */
const firstPause = 100;
const longestPause = 10_000;
/** A child that lived this long starts again with the first pause. */
const settled = 60_000;

export interface Kept {
  readonly child: Child;
  /** Ends it for good. Resolves when it is gone. */
  stop(grace: number): Promise<void>;
}

export interface KeepOptions {
  readonly host: Host;
  readonly log: Log;
  readonly name: string;
  readonly spec: ChildSpec;
  /** Called for the first and for every later child, before anything can have happened to it. */
  readonly started: (child: Child, restarts: number) => void;
  readonly ended: (code: number) => void;
}

/** Starts a child and starts it again whenever it ends, until it is stopped. */
export function keep(options: KeepOptions): Kept {
  const { host, log, name } = options;
  let stopped = false;
  let restarts = 0;
  let pause = firstPause;
  let child = begin();

  function begin(): Child {
    const startedAt = host.now();
    const current = host.start(options.spec);
    options.started(current, restarts);
    void current.exited.then(async (code) => {
      options.ended(code);
      if (stopped) return;
      if (host.now() - startedAt > settled) pause = firstPause;
      log.event('error', 'child.ended', { child: name, code, restartIn: pause });
      await host.sleep(pause);
      pause = Math.min(pause * 2, longestPause);
      restarts += 1;
      if (!stopped) child = begin();
    });
    return current;
  }
  return {
    get child() {
      return child;
    },
    stop: async (grace) => {
      stopped = true;
      const last = child;
      last.signal('SIGTERM');
      const gone = last.exited.then(() => true);
      if (!(await Promise.race([gone, host.sleep(grace).then(() => false)]))) {
        last.signal('SIGKILL');
        await gone;
      }
    },
  };
}
