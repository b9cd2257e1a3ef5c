import {
  type AgentSaid,
  askServer,
  listPanes,
  type Panes,
  parsePanes,
  parseServer,
  planPanes,
  planRemoval,
} from '../agents/panes.ts';
import { clientCommand, makeSession, type SessionPlace } from '../agents/tmux.ts';
import type { Identity } from '../confinement/profile.ts';
import { chainOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Host } from '../host/host.ts';
import type { EventBus } from '../state/events.ts';
import type { Respawned } from './respawn.ts';

export interface SessionParts {
  readonly host: Host;
  readonly log: Log;
  readonly store: { readonly events: Pick<EventBus, 'emit'> };
  readonly agent: Identity;
  readonly place: SessionPlace;
  readonly session: Pick<Respawned, 'child'>;
  /** Called when Claude has ended in its pane, whether it was started again or not. */
  readonly ended: () => void;
}

export interface Memory {
  said: AgentSaid | null;
  /** Restarts in panes that are gone: a new one counts from nothing. */
  before: number;
  /** As they were when the server answered last. */
  panes: Panes | null;
}

/** A server that is none of ours may answer as ours would: it is known by its process, which init has started. */
const foreign = 'another server answers in its place';
/** What the programs before the client say when they can't start it: that is no answer of the server's. */
const unasked = /^\S+ (was ended by|could not start)|: ?(join|choom|nice|prlimit|setpriv): /;

/**
 * Asks, as the agent, the server for the session and its panes, makes again what is missing, and tells what became of
 * Claude.
 * @returns what is wrong with the server, or null.
 */
export async function lookAtSession(parts: SessionParts, memory: Memory): Promise<string | null> {
  const { host, log, agent, place } = parts;
  const run = (args: readonly string[]) => host.run(clientCommand(agent, args));
  const isOurs = (server: number | null) => server === parts.session.child.pid;
  try {
    const answer = await run(listPanes).catch(sessionIsGone);
    if (answer === null) {
      if (!isOurs(parseServer((await run(askServer)).stdout))) return foreign;
      log.event('warn', 'session.remade', { missing: 'session' });
      await makeSession(host, { agent, place });
      return null;
    }
    const panes = parsePanes(answer.stdout);
    if (!isOurs(panes.server)) return foreign;
    memory.panes = panes;
    const missing = planPanes(panes, place);
    if (missing !== null) {
      log.event('warn', 'session.remade', { missing: panes.agent === null ? 'agent' : 'shell' });
      await run(missing);
    }
    const removal = planRemoval(panes);
    if (removal !== null) await run(removal);
    if (panes.said !== null) hear(parts, memory, panes.said);
    return null;
  } catch (error) {
    const reason = chainOf(error);
    log.event('debug', 'session.unknown', { reason });
    return unasked.test(reason) ? null : troubleOf(reason);
  }
}

function troubleOf(reason: string): string {
  if (/error connecting to|no server running/.test(reason)) return 'its socket leads to no server';
  return /took too long/.test(reason) ? 'tmux does not answer' : 'tmux gives no answer of use';
}

/** Only what tmux says when there is no such session makes one: a busy server must not get another. */
function sessionIsGone(error: unknown): null {
  if (/can't find session|no current target|no sessions/.test((error as Error).message)) return null;
  throw error;
}

function hear({ log, store, ended }: SessionParts, memory: Memory, said: AgentSaid): void {
  const last = memory.said;
  memory.said = said;
  if (last !== null && said.restarts < last.restarts) memory.before += last.restarts + 1;
  const isSame = last?.state === said.state && last.restarts === said.restarts;
  if (isSame || (last === null && said.restarts === 0 && said.state === 'running')) return;
  const restarts = memory.before + said.restarts;
  const failing = said.state === 'failed';
  const event = failing ? 'agent.failing' : 'agent.restarted';
  log.event(failing ? 'error' : 'warn', event, { restarts, lastCode: said.code });
  store.events.emit('child', {
    child: 'agent',
    what: failing ? 'failing' : 'started',
    restarts,
    lastCode: said.code,
    failing,
  });
  ended();
}
