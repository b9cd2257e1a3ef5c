import { text as readAll } from 'node:stream/consumers';
import { ExitCode } from '../core/exit-codes.ts';
import type { ShortHost } from '../host/host.ts';
import { HookRefusal } from './run/hook-refusal.ts';

/** What a hook says on stdout. Throws a HookRefusal to stop what it was asked about. */
export type HookRun = (host: ShortHost, input: string) => Promise<string> | string;

interface Hook {
  readonly load: () => Promise<HookRun>;
  /** Claude Code waits for its word, and silence or a fault of ours means no. */
  readonly guards?: true;
}

/** Each loads only what it needs: Claude Code calls them many times a minute. */
const hooks: Readonly<Record<string, Hook>> = {
  'status-line': { load: async () => (await import('./run/print-status-line.ts')).statusLine },
  refusals: { load: async () => (await import('./run/tell-refusals.ts')).tellRefusals },
  room: { load: async () => (await import('./run/look-at-room.ts')).tellRoom },
  notify: { load: async () => (await import('./run/notify-operator.ts')).notify },
  format: { load: async () => (await import('./run/format-edited.ts')).format },
  'session-name': { load: async () => (await import('./run/name-session.ts')).nameSession },
  'fork-sync': { load: async () => (await import('./run/sync-fork.ts')).syncFork },
  'session-start': { load: async () => (await import('./run/tell-start.ts')).tellStart },
  'settings-guard': {
    load: async () => (await import('./run/guard-settings.ts')).guardSettings,
    guards: true,
  },
};

/** Milliseconds a guard has: less than Claude Code gives it, for its time-out would let the call through. */
const proxyLimit = 2000;
/** The one code by which Claude Code takes a no. */
const refused = 2;

/** What Claude Code calls: one event on stdin, one answer on stdout. A guard that fails refuses. */
export async function hook(host: ShortHost, name: string, stdin: NodeJS.ReadableStream): Promise<number> {
  const found = Object.hasOwn(hooks, name) ? hooks[name] : undefined;
  if (found === undefined) {
    host.print(`there is no hook ${JSON.stringify(name)}\n`);
    return ExitCode.settings;
  }
  const answer = async () => (await found.load())(host, await readAll(stdin));
  try {
    host.print(found.guards === true ? await Promise.race([answer(), tooLate(host)]) : await answer());
    return ExitCode.ok;
  } catch (error) {
    if (found.guards !== true) return ExitCode.ok;
    const why =
      error instanceof HookRefusal ? error.message : `The box's check "${name}" failed, so it is refused.`;
    host.printError(`${why}\n`);
    return refused;
  }
}

async function tooLate(host: ShortHost): Promise<never> {
  await host.sleep(proxyLimit);
  throw new Error('the guard took too long');
}
