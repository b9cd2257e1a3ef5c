import type { Log } from '../core/log.ts';
import type { Host } from '../host/host.ts';
import type { BoxState, ChildNews } from '../state/box-state.ts';
import type { EventBus } from '../state/events.ts';
import type { Respawned } from './respawn.ts';

/** Milliseconds between two looks. */
const pause = 5000;

const none = 'no answer in time';

export interface Service {
  readonly name: ChildNews['child'];
  /**
   * Asks it. Resolves with null where it has answered, else with what is wrong, in words of ours. A service that can't
   * be asked at this moment is none that does not answer: null as well.
   */
  readonly ask: () => Promise<string | null>;
  /** Milliseconds an answer may take. */
  readonly patience: number;
  /** What each question without an answer leads to, the gentlest first; after the last one it begins anew. */
  readonly steps: readonly [Step, ...Step[]];
  readonly mayAsk: () => boolean;
}

export interface Step {
  /** As the log names it. */
  readonly name: string;
  /** Milliseconds until it is asked again. */
  readonly rest: number;
  /** It ends the service, of which the operator is told. */
  readonly ends?: true;
  readonly take: () => void | Promise<void>;
}

/** Ends a service that does not answer, and with it whatever it has been asked; resolves when the next one is there. */
export async function endStuck(host: Host, kept: Pick<Respawned, 'child'>): Promise<void> {
  const { child } = kept;
  child.signal('SIGKILL');
  for (let left = 50; left > 0 && kept.child === child; left--) await host.sleep(100);
}

export interface LivenessParts {
  readonly host: Host;
  readonly log: Log;
  readonly store: {
    readonly state: Pick<BoxState, 'unanswered'>;
    post(change: Pick<BoxState, 'unanswered'>): void;
    readonly events: Pick<EventBus, 'emit'>;
  };
}

/**
 * Judges by answers whether a service lives: a process that merely exists may be stopped, or another's. What does not
 * answer stands on the store until it does, and is put right in steps.
 */
export function watchLiveness(parts: LivenessParts, service: Service): void {
  const life: Life = { taken: 0, ended: false };
  let looking = false;
  parts.host.every(pause, () => {
    if (looking || !service.mayAsk()) return;
    looking = true;
    void look(parts, service, life).finally(() => {
      looking = false;
    });
  });
}

interface Life {
  /** Steps taken since it answered last. */
  taken: number;
  /** Whether one of them has ended it. */
  ended: boolean;
}

async function look(parts: LivenessParts, service: Service, life: Life): Promise<void> {
  const { host, log } = parts;
  while (service.mayAsk()) {
    const reason = await answerOf(host, service);
    if (!service.mayAsk()) return;
    if (reason === null) return answered(parts, service, life);
    const step = service.steps[life.taken % service.steps.length] ?? service.steps[0];
    life.taken += 1;
    write(parts, service, reason);
    log.event('warn', 'child.stuck', { child: service.name, reason, step: step.name });
    await Promise.resolve(step.take()).catch(() => {});
    if (step.ends && !life.ended) {
      life.ended = true;
      parts.store.events.emit('unanswered', { child: service.name, what: 'ended' });
    }
    await host.sleep(step.rest);
  }
}

/** A question that fails is not answered; one that is answered too late is neither. */
function answerOf(host: Host, { ask, patience }: Service): Promise<string | null> {
  const late = host.sleep(patience).then(() => none);
  return Promise.race([ask().catch(() => none), late]);
}

function answered(parts: LivenessParts, service: Service, life: Life): void {
  if (life.taken === 0) return;
  parts.log.event('info', 'child.answers', { child: service.name, steps: life.taken });
  write(parts, service, null);
  if (life.ended) parts.store.events.emit('unanswered', { child: service.name, what: 'answers' });
  Object.assign(life, { taken: 0, ended: false });
}

function write({ store }: LivenessParts, { name }: Service, reason: string | null): void {
  const { [name]: _, ...others } = store.state.unanswered;
  store.post({ unanswered: reason === null ? others : { ...others, [name]: reason } });
}
