import { lookAtPrograms, type Programs, signalCommand } from '../agents/programs.ts';
import { clearSocket } from '../agents/tmux.ts';
import type { Identity } from '../confinement/profile.ts';
import type { Command } from '../host/host.ts';
import type { BoxState } from '../state/box-state.ts';
import { endStuck, type LivenessParts, watchLiveness } from './liveness.ts';
import { lookAtSession, type Memory, type SessionParts } from './look-at-session.ts';

/** Milliseconds for an answer: the agent's programs come last where the processor is short. */
const patience = { session: 11_000, agent: 11_000 };
/** Milliseconds Claude has to run after it was asked to, and between two looks. */
const stillFor = 5000;
const glance = 250;
/** Milliseconds after a gentle step, and after one whose effect takes a while. */
const rest = { short: 1000, long: 5000 };
/** tmux makes its socket again. */
const socketSignal = 10;

export interface WatchParts extends SessionParts {
  readonly store: LivenessParts['store'] & { readonly state: BoxState };
}

/**
 * Has the session asked whether it can be entered, and its programs whether they run, and puts right what does not
 * answer: continued where it was stopped, given its socket again, at last ended and made anew with its conversation.
 */
export function watchSession(parts: WatchParts): void {
  const { host, store, session, agent } = parts;
  const memory: Memory = { said: null, before: 0, panes: null };
  const isUp = () => store.state.phase === 'ready' && store.state.session.running;
  const send = (command: Command) =>
    host.run(command).then(
      () => {},
      () => {},
    );
  const look = () => lookAtPrograms(host.files, memory.panes ?? noPanes, agent.uid);
  const goOn = async () => {
    const { stopped } = look();
    if (stopped.length > 0) await send(signalCommand(agent, 'CONT', stopped));
  };
  const continueAll = () => {
    session.child.signal('SIGCONT');
    return goOn();
  };
  watchLiveness(parts, {
    name: 'session',
    patience: patience.session,
    mayAsk: isUp,
    ask: () => lookAtSession(parts, memory),
    steps: [
      { name: 'continue', rest: rest.short, take: continueAll },
      { name: 'socket', rest: rest.long, take: () => send(clearSocket(agent)).then(() => callSocket(parts)) },
      { name: 'end', rest: rest.long, ends: true, take: () => endStuck(host, session) },
    ],
  });
  let before: Programs = { stopped: [], claude: null, runs: 0 };
  watchLiveness(parts, {
    name: 'agent',
    patience: patience.agent,
    mayAsk: () => isUp() && memory.panes !== null && store.state.unanswered.session === undefined,
    ask: async () => {
      const last = before;
      before = look();
      if (before.stopped.length > 0) return 'stopped';
      if (!isIdle(last, before)) return null;
      return (await runsWhenAsked(parts, before, look)) ? null : 'Claude does not run';
    },
    steps: [
      { name: 'continue', rest: rest.short, take: goOn },
      { name: 'continue', rest: rest.long, take: goOn },
      { name: 'end', rest: rest.long, ends: true, take: () => endPrograms(look(), agent, send) },
    ],
  });
}

const noPanes = { pids: { agent: null, shell: null } };

/** Only to our own server, and only where it is known to be one. */
function callSocket({ host, session: { child }, store }: WatchParts): void {
  if (child.pid > 1 && store.state.session.running) host.signal(child.pid, socketSignal);
}

function isIdle(last: Programs, now: Programs): boolean {
  return now.claude !== null && now.claude === last.claude && now.runs === last.runs;
}

/** A Claude that nothing happens to may not run for a while: told that its window may have changed, it looks. */
async function runsWhenAsked(
  { host, agent }: WatchParts,
  asked: Programs,
  look: () => Programs,
): Promise<boolean> {
  const until = host.uptime() + stillFor;
  await host.run(signalCommand(agent, 'WINCH', [asked.claude ?? 0])).catch(() => {});
  while (isIdle(asked, look())) {
    if (host.uptime() >= until) return false;
    await host.sleep(glance);
  }
  return true;
}

/** What is ended is made anew: Claude by its pane's program, a pane by the next look. */
async function endPrograms(
  { stopped, claude }: Programs,
  agent: Identity,
  send: (command: Command) => Promise<void>,
): Promise<void> {
  const pids = new Set([...stopped, ...(claude === null ? [] : [claude])]);
  if (pids.size > 0) await send(signalCommand(agent, 'KILL', [...pids]));
}
