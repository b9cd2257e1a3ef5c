import type { Host } from '../host/host.ts';
import type { Fault } from './fault.ts';
import { readSettings } from './read.ts';
import type { Settings } from './settings.ts';
import { findUnknown, type UnknownName } from './unknown-names.ts';

type Reads = readonly [() => Settings | readonly Fault[], () => readonly UnknownName[]];

/** @returns what reads the settings of this machine, and what finds variables that look like some and are none. */
export function settingsFrom({ env, files }: Pick<Host, 'env' | 'files'>): Reads {
  return [() => readSettings(env, files.readBounded), () => findUnknown(env)];
}
