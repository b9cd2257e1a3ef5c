import { confined, egressIdentity, type Identity } from '../confinement/profile.ts';
import type { Log } from '../core/log.ts';
import type { Child, ChildSpec, Host } from '../host/host.ts';
import type { Firewall } from '../network/firewall/firewall.ts';
import { type FromEgress, parseFromEgress, type Report, type ToEgress } from '../network/protocol.ts';
import type { NotificationWord } from '../policy/notification.ts';
import { type Heard, makeQuestions } from './egress-questions.ts';
import { type Respawned, type RespawnOptions, respawn } from './respawn.ts';
import { policies } from './respawn-policies.ts';

export interface EgressOptions {
  readonly host: Host;
  readonly log: Log;
  readonly firewall: Firewall;
  /** What a process that starts now is told first: the list of that moment. */
  readonly configuration: () => Extract<ToEgress, { kind: 'configure' }>;
  readonly sockets: Readonly<Record<'udp' | 'tcp' | 'proxy' | 'ingest', number>>;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What holds it besides its user. */
  readonly held: Pick<Identity, 'landlock' | 'limits'>;
  readonly reported: (report: Report) => void;
  readonly changed: (report: { running: boolean; restarts: number }) => void;
  readonly tell?: RespawnOptions['tell'];
}

export interface Egress extends Pick<Respawned, 'stop' | 'child'> {
  /** Resolves when the process answers, or has ended without: false. */
  ask(): Promise<boolean>;
  /** Has the operator told, where he wants to be. */
  tell(word: NotificationWord): void;
  /** Resolves when everything to tell has been tried once more, or after so many milliseconds. */
  flush(patience: number): Promise<void>;
  /** Resolves when the resolver answers for the first time. */
  readonly ready: Promise<void>;
  /** Puts another list in force there; a process that starts later gets it with its configuration. */
  setList(list: Pick<Extract<ToEgress, { kind: 'rules' }>, 'rules' | 'denied'>): void;
  /**
   * Has these names resolved afresh and pinned; every one is reported to `heard`, in any order. Where the operator's proxy
   * resolves them, it is tried with those that are `probed`.
   */
  refresh(names: readonly string[], heard: Heard, probed?: readonly string[]): void;
}

/** Keeps the egress process running and does for it what only init may do: open the firewall. */
export function respawnEgress(options: EgressOptions): Egress {
  const { host, log } = options;
  let restarts = 0;
  const { promise: firstReady, resolve: ready } = Promise.withResolvers<void>();
  const questions = makeQuestions();
  const answering = {
    options,
    questions,
    ready: () => {
      options.changed({ running: true, restarts });
      ready();
    },
  };
  const kept = respawn({
    host,
    log,
    name: 'egress',
    policy: policies.egress,
    spec: specOf(options),
    ...(options.tell && { tell: options.tell }),
    started: (child, count) => {
      restarts = count;
      child.onMessage((value) => void answer(answering, child, parseFromEgress(value)));
      child.send(options.configuration());
      for (const question of questions.unheard()) child.send(question);
    },
    ended: () => {
      questions.flushAll();
      options.changed({ running: false, restarts });
    },
  });

  return {
    ready: firstReady,
    stop: kept.stop,
    get child() {
      return kept.child;
    },
    ask: () => {
      const { question, done } = questions.flush('ask');
      kept.child.send(question);
      return done;
    },
    tell: (word) => kept.child.send({ kind: 'tell', word }),
    flush: (patience) => {
      const { question, done } = questions.flush('flush');
      kept.child.send(question);
      return Promise.race([done.then(() => {}), host.sleep(patience)]);
    },
    setList: ({ rules, denied }) => kept.child.send({ kind: 'rules', rules, denied }),
    refresh: (names, heard, probed = []) => kept.child.send(questions.resolve(names, heard, probed)),
  };
}

interface Answering {
  readonly options: EgressOptions;
  readonly questions: ReturnType<typeof makeQuestions>;
  readonly ready: () => void;
}

/** What the egress process says, and what is done about it. */
async function answer(
  { options, questions, ready }: Answering,
  child: Child,
  message: FromEgress | null,
): Promise<void> {
  switch (message?.kind) {
    case 'ready':
      ready();
      break;
    case 'pin':
      await pin(options.firewall, child, message);
      break;
    case 'flushed':
    case 'answer':
      questions.flushed(message.id);
      break;
    case 'troubled':
      options.log.event('warn', `${message.what}.failed`, { reason: message.reason });
      break;
    case 'report':
      options.reported(message);
      break;
    case 'resolved':
      questions.resolved(message);
  }
}

function specOf({ argv, env, held, sockets, log }: EgressOptions): ChildSpec {
  return {
    argv: confined(argv, { ...egressIdentity, ...held }),
    env,
    descriptors: [sockets.udp, sockets.tcp, sockets.proxy, sockets.ingest],
    channel: true,
    output: (line) => log.event('warn', 'egress.said', { line: line.slice(0, 500) }),
  };
}

async function pin(firewall: Firewall, child: Child, wish: Extract<FromEgress, { kind: 'pin' }>) {
  child.send({ kind: 'pinned', id: wish.id, failure: await failureOf(firewall.pin(wish)) });
}

async function failureOf(work: Promise<void>): Promise<string | null> {
  try {
    await work;
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
