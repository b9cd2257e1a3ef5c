import { confined, egressIdentity, type Identity } from '../confinement/profile.ts';
import type { Log } from '../core/log.ts';
import type { Child, ChildSpec, Host } from '../host/host.ts';
import type { Firewall } from '../network/firewall/firewall.ts';
import { type FromEgress, parseFromEgress, type Report, type ToEgress } from '../network/protocol.ts';
import type { Happening } from '../policy/notification.ts';
import { type KeepOptions, type Kept, keep } from './respawn.ts';
import { policies } from './respawn-policies.ts';

export interface EgressOptions {
  readonly host: Host;
  readonly log: Log;
  readonly firewall: Firewall;
  /** What a process that starts now is told first: the list of that moment. */
  readonly configuration: () => Extract<ToEgress, { kind: 'configure' }>;
  readonly sockets: Readonly<Record<'udp' | 'tcp' | 'guard' | 'door', number>>;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What holds it besides its user. */
  readonly held: Pick<Identity, 'landlock' | 'limits'>;
  readonly reported: (report: Report) => void;
  readonly changed: (report: { running: boolean; restarts: number }) => void;
  readonly tell?: KeepOptions['tell'];
}

export interface Egress extends Pick<Kept, 'stop'> {
  /** Has the operator told, where he wants to be. */
  tell(word: Happening): void;
  /** Resolves when everything to tell has been tried once more, or after so many milliseconds. */
  flush(patience: number): Promise<void>;
  /** Resolves when the resolver answers for the first time. */
  readonly ready: Promise<void>;
  /** Puts another list in force there; a process that starts later gets it with its configuration. */
  setList(list: Pick<Extract<ToEgress, { kind: 'rules' }>, 'rules' | 'denied'>): void;
  /** Has these names resolved afresh and pinned; every one is reported to `heard`, in any order. */
  refresh(names: readonly string[], heard: (name: string, outcome: string) => void): void;
}

/** Keeps the egress process running and does for it what only init may do: open the wall. */
export function keepEgress(options: EgressOptions): Egress {
  const { host, log } = options;
  let restarts = 0;
  let ready: () => void = () => {};
  const firstReady = new Promise<void>((resolve) => {
    ready = resolve;
  });
  let heard: (name: string, outcome: string) => void = () => {};
  let flushed: () => void = () => {};
  const spec: ChildSpec = {
    argv: confined(options.argv, { ...egressIdentity, ...options.held }),
    env: options.env,
    descriptors: [options.sockets.udp, options.sockets.tcp, options.sockets.guard, options.sockets.door],
    channel: true,
    output: (line) => log.event('warn', 'egress.said', { line: line.slice(0, 500) }),
  };
  const kept = keep({
    host,
    log,
    name: 'egress',
    policy: policies.egress,
    spec,
    ...(options.tell === undefined ? {} : { tell: options.tell }),
    started: (child, count) => {
      restarts = count;
      child.onMessage((value) => void answer(child, parseFromEgress(value)));
      child.send(options.configuration());
    },
    ended: () => options.changed({ running: false, restarts }),
  });

  async function answer(child: Child, message: FromEgress | null): Promise<void> {
    switch (message?.kind) {
      case 'ready':
        options.changed({ running: true, restarts });
        ready();
        break;
      case 'pin':
        child.send({
          kind: 'pinned',
          id: message.id,
          failure: await failureOf(options.firewall.pin(message)),
        });
        break;
      case 'flushed':
        flushed();
        break;
      case 'troubled':
        log.event('warn', `${message.what}.failed`, { reason: message.reason });
        break;
      case 'report':
        options.reported(message);
        break;
      case 'resolved':
        heard(message.name, message.outcome);
    }
  }
  return {
    ready: firstReady,
    stop: kept.stop,
    tell: (word) => kept.child.send({ kind: 'tell', word }),
    flush: (patience) => {
      const done = new Promise<void>((resolve) => {
        flushed = resolve;
      });
      kept.child.send({ kind: 'flush' });
      return Promise.race([done, host.sleep(patience)]);
    },
    setList: ({ rules, denied }) => kept.child.send({ kind: 'rules', rules, denied }),
    refresh: (names, listener) => {
      heard = listener;
      kept.child.send({ kind: 'resolve', names });
    },
  };
}

async function failureOf(work: Promise<void>): Promise<string | null> {
  try {
    await work;
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
