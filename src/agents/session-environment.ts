import type { Files } from '../host/host.ts';
import type { Settings } from '../settings/settings.ts';

/** What the C library has without any file. */
const builtIn = /^(C|POSIX)(\.utf-?8)?$/i;
const folder = '/usr/lib/locale';

/** @returns what the agent's session is told besides what every program of the agent's is. */
export function sessionEnvironment(
  files: Pick<Files, 'facts'>,
  { session: { variables, zone, locale } }: Pick<Settings, 'session'>,
): Record<string, string> {
  const isThere = locale !== null && hasLocale(files, locale);
  return { ...variables, TZ: zone, ...(isThere ? { LANG: locale } : {}) };
}

/** @returns whether the image has it: without, programs complain, and tmux knows no UTF-8. */
export function hasLocale(files: Pick<Files, 'facts'>, locale: string): boolean {
  const [name = '', charset = ''] = locale.split('.');
  const normalised = charset === '' ? name : `${name}.${charset.toLowerCase().replace(/[^a-z0-9@]/g, '')}`;
  const places = [`${folder}/locale-archive`, `${folder}/${normalised}`, `${folder}/${locale}`];
  return builtIn.test(locale) || places.some((path) => files.facts(path) !== null);
}
