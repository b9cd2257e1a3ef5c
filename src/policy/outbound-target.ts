import type { Kind } from './notification.ts';
import type { Denial, Rule } from './rule.ts';

/** Where the box itself sends something. `name` is a host name in its normal form; `path` is kept as it was given. */
export interface Target {
  readonly name: string;
  readonly port: number;
  readonly secure: boolean;
  readonly path: string;
}

export const formats = ['ntfy', 'slack', 'discord', 'plain'] as const;
export type Format = (typeof formats)[number];

export interface NotifyTarget extends Target {
  readonly format: Format;
  /** The whole value of the header, or null. */
  readonly authorization: string | null;
  readonly on: readonly Kind[];
  /** What the box and its work are called: both are the operator's words. */
  readonly box: string;
  readonly repository: string | null;
  /** The agent runs once: init tells of its end, with the outcome. */
  readonly once: boolean;
}

export interface TelemetryTarget extends Target {
  readonly headers: Readonly<Record<string, string>>;
}

/** What the box itself sends, and where. None of it is ever the agent's. */
export interface OutboundTargets {
  readonly notify: NotifyTarget | null;
  readonly telemetry: TelemetryTarget | null;
}

/** @returns the targets there are. */
export function targetsOf({ notify, telemetry }: OutboundTargets): Target[] {
  return [notify, telemetry].filter((target) => target !== null);
}

/** The agent's list has none of these names, whatever wildcard covers them. */
export function denialsOf(own: OutboundTargets): Denial[] {
  return targetsOf(own).map(({ name }) => ({ name, wildcard: false, port: null }));
}

/** The list of the box's own names, apart from the agent's. */
export function rulesOf(own: OutboundTargets): Rule[] {
  return targetsOf(own).map(({ name, port }) => ({ name, wildcard: false, port, protocol: 'tcp' }));
}
