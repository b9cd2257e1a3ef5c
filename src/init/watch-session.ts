import { type AgentSaid, listPanes, parsePanes, planPanes } from '../agents/panes.ts';
import { clientCommand, makeSession, type Place } from '../agents/tmux.ts';
import type { Identity } from '../confinement/profile.ts';
import { chainOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Host } from '../host/host.ts';
import type { BoxState, ChildNews } from '../state/box-state.ts';

/** Milliseconds between two looks. */
const pause = 5000;

export interface WatchParts {
  readonly host: Host;
  readonly log: Log;
  readonly board: { readonly state: BoxState; tell(news: ChildNews): void };
  readonly agent: Identity;
  readonly place: Place;
  /** Called when Claude has ended in its pane, whether it was started again or not. */
  readonly ended: () => void;
}

/**
 * Looks, as the agent, whether its server still has session and panes, makes again what is missing, and tells what
 * became of Claude. A server that does not answer is left alone: the look after this one may find it.
 */
export function watchSession(parts: WatchParts): void {
  const { host, board } = parts;
  const memory: Memory = { said: null, before: 0 };
  let looking = false;
  host.every(pause, () => {
    if (looking || board.state.phase !== 'ready' || !board.state.session.running) return;
    looking = true;
    void look(parts, memory).finally(() => {
      looking = false;
    });
  });
}

interface Memory {
  said: AgentSaid | null;
  /** Restarts in panes that are gone: a new one counts from nothing. */
  before: number;
}

async function look(parts: WatchParts, memory: Memory): Promise<void> {
  const { host, log, agent, place } = parts;
  const run = (args: readonly string[]) => host.run(clientCommand(agent, args));
  try {
    const answer = await run(listPanes).catch(sessionIsGone);
    if (answer === null) {
      log.event('warn', 'session.remade', { missing: 'session' });
      return await makeSession(host, { agent, place });
    }
    const panes = parsePanes(answer.stdout);
    const missing = planPanes(panes, place);
    if (missing !== null) {
      log.event('warn', 'session.remade', { missing: panes.agent === null ? 'agent' : 'shell' });
      await run(missing);
    }
    if (panes.said !== null) hear(parts, memory, panes.said);
  } catch (error) {
    log.event('debug', 'session.unknown', { reason: chainOf(error) });
  }
}

/** Only what tmux says when there is no such session makes one: a busy server must not get another. */
function sessionIsGone(error: unknown): null {
  if (/can't find session|no current target|no sessions/.test((error as Error).message)) return null;
  throw error;
}

function hear({ log, board, ended }: WatchParts, memory: Memory, said: AgentSaid): void {
  const last = memory.said;
  memory.said = said;
  if (last !== null && said.restarts < last.restarts) memory.before += last.restarts + 1;
  const isSame = last?.state === said.state && last.restarts === said.restarts;
  if (isSame || (last === null && said.restarts === 0 && said.state === 'running')) return;
  const restarts = memory.before + said.restarts;
  const failing = said.state === 'failed';
  const event = failing ? 'agent.failing' : 'agent.restarted';
  log.event(failing ? 'error' : 'warn', event, { restarts, lastCode: said.code });
  board.tell({
    child: 'agent',
    what: failing ? 'failing' : 'started',
    restarts,
    lastCode: said.code,
    failing,
  });
  ended();
}
