import { Paths } from '../core/paths.ts';
import type { Host } from '../host/host.ts';
import type { SourcedRule } from '../policy/rule.ts';
import type { Settings } from '../settings/settings.ts';
import type { StepState } from './box-state.ts';
import type { Backend, BoxEnvironment } from './environment.ts';

/** What the second half of the boot needs of the first: it is another program, with nothing in common but this. */
export interface Handover {
  readonly settings: Settings;
  /** The whole allowlist with its sources; the same rules as the settings'. */
  readonly base: readonly SourcedRule[];
  readonly environment: BoxEnvironment;
  readonly backend: Backend;
  readonly rules: number;
  /** The agent dials pinned addresses itself: there is no proxy. */
  readonly byAddress: boolean;
  /** /proc shows a user its own processes alone. */
  readonly hiddenProcesses: boolean;
  readonly bootId: string;
  readonly startedAt: number;
  readonly startedUptime: number;
  /** The machine's uptime as the drop of privileges began: how long it took is known on its other side. */
  readonly dropUptime: number;
  readonly deadline: number;
  readonly steps: readonly StepState[];
  /** What the agent is to be run with, once and headless; none for a session. */
  readonly task: readonly string[];
}

/** Reads the handover and removes it. */
export function takeHandover(host: Host): Handover {
  const text = host.files.read(Paths.handover);
  host.files.remove(Paths.handover);
  return JSON.parse(text) as Handover;
}
