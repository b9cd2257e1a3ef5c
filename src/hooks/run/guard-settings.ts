import { printable } from '../../core/printable.ts';
import type { ShortHost } from '../../host/host.ts';
import { judgeSettings, parseConfigChange } from '../settings-guard.ts';
import { HookRefusal } from './hook-refusal.ts';

/** Keeps a session from taking over settings that somebody wrote while it ran, if they would lead it elsewhere. */
export function guardSettings(host: ShortHost, input: string): string {
  const { source, path } = parseConfigChange(input);
  // The managed ones are root's; skills and the like hold no settings.
  if (!source.endsWith('_settings') || source === 'policy_settings') return '';
  if (path === null) throw new HookRefusal('The box refuses settings that come from no file.');
  const verdict = judgeSettings(host.files.facts(path) === null ? null : host.files.read(path));
  if (verdict.kind === 'take') return '';
  throw new HookRefusal(
    `The box does not take over ${printable(JSON.stringify(path))} in this session: ${verdict.why}.`,
  );
}
