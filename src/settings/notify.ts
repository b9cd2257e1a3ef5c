import { type Kind, kinds } from '../policy/notification.ts';
import type { Format, Target } from '../policy/outbound-target.ts';
import type { Fault } from './fault.ts';
import { type FoundSecret, setRemedy } from './secrets.ts';
import { parseTarget } from './target.ts';

/** Whom the box tells, and of what. The URL is a credential, as a whole. */
export interface NotifySettings extends Target {
  readonly url: string;
  readonly format: Format;
  /** The whole value of the header, or null. */
  readonly authorization: string | null;
  readonly on: readonly Kind[];
}

/** @returns null where nobody is to be told, or a fault was found. */
export function notifyOf(
  said: {
    readonly url: FoundSecret;
    readonly token: FoundSecret;
    readonly format: Format | undefined;
    readonly on: readonly Kind[] | undefined;
  },
  faults: Fault[],
): NotifySettings | null {
  const { url, token, on, format } = said;
  const fail = (variable: string, fault: string, remedy = setRemedy(variable)) => {
    faults.push({ variable, fault, remedy });
    return null;
  };
  if (url === 'unset') {
    const [orphan] = [
      token === 'unset' ? null : 'NOTIFY_TOKEN',
      format === undefined ? null : 'NOTIFY_FORMAT',
      on === undefined ? null : 'NOTIFY_ON',
    ].filter((name) => name !== null);
    const remedy = setRemedy('NOTIFY_URL', 'https://ntfy.sh/some-long-word');
    return orphan === undefined ? null : fail(orphan, 'is set without NOTIFY_URL', remedy);
  }
  if (url === 'faulty' || token === 'faulty') return null;
  const target = parseTarget(url.value);
  if (typeof target === 'string') return fail('NOTIFY_URL', target);
  if (!target.secure) return fail('NOTIFY_URL', 'is no https URL: whoever reads it on its way can use it');
  if (target.authorization !== null && token !== 'unset')
    return fail('NOTIFY_TOKEN', 'is set although NOTIFY_URL has an account', 'Keep only one of the two.');
  return {
    ...target,
    url: url.value,
    authorization: token === 'unset' ? target.authorization : `Bearer ${token.value}`,
    format: format ?? formatOf(target),
    on: on ?? kinds.filter((kind) => kind !== 'turn'),
  };
}

/** Known by where their servers answer; everything else gets plain text. */
function formatOf({ name, path }: Target): Format {
  if (name === 'ntfy.sh' || name.startsWith('ntfy.')) return 'ntfy';
  if (name === 'hooks.slack.com' || /\/slack(\?|$)/.test(path)) return 'slack';
  return /(^|\.)discord(app)?\.com$/.test(name) && path.startsWith('/api/webhooks/') ? 'discord' : 'plain';
}
