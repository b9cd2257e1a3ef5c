import type { AddressJudge } from '../../policy/address-class.ts';
import { makeAllowlist } from '../../policy/allowlist.ts';
import type { NotificationWord } from '../../policy/notification.ts';
import { type OutboundTargets, rulesOf } from '../../policy/outbound-target.ts';
import type { PinWish } from '../pin-leases.ts';
import type { ProxyWay } from '../proxy/proxy-way.ts';
import { makeNames } from '../resolver/names.ts';
import type { AskUpstream } from '../upstream/upstream.ts';
import { openIngest } from './ingest.ts';
import { makeNotifier } from './notifier.ts';
import { makePost } from './post.ts';
import { makeForwarder } from './telemetry-forwarder.ts';

export interface OutboundParts {
  readonly own: OutboundTargets;
  readonly ask: AskUpstream;
  readonly mayDial: AddressJudge;
  readonly pin: (wish: PinWish) => Promise<void>;
  readonly way?: ProxyWay | null;
  readonly authorities: () => string;
  readonly ingest: { readonly fd: number };
  readonly now: () => number;
  readonly troubled: (what: 'notify' | 'telemetry', reason: string) => void;
}

/** What the box sends for itself. */
export interface Outbound {
  tell(word: NotificationWord): void;
  flush(): Promise<void>;
}

/** Opens the ingest for what the agent's programs leave, and sends that and what the box says to the operator's hosts. */
export async function openOutbound(parts: OutboundParts): Promise<Outbound> {
  const { own, now, troubled } = parts;
  const allowlist = makeAllowlist(rulesOf(own));
  // Names of its own, so that no answer to the agent comes out of what was asked for the box.
  const names = makeNames({
    ...parts,
    allowlist: () => allowlist,
    learned: () => {},
    refused: () => {},
    failed: () => {},
  });
  const post = makePost({ ...parts, names });
  const notifier =
    own.notify === null
      ? null
      : makeNotifier({ notify: own.notify, post, now, troubled: (why) => troubled('notify', why) });
  const forwarder =
    own.telemetry === null
      ? null
      : makeForwarder({ telemetry: own.telemetry, post, now, troubled: (why) => troubled('telemetry', why) });
  const hear = (word: NotificationWord) => {
    if (word !== 'ended' || own.notify?.once !== true) notifier?.tell(word, 'agent');
  };
  await openIngest({ tell: notifier && hear, forwarder }, parts.ingest);
  return {
    // Of Claude's ends init knows what the agent's pane says.
    tell: (word) => notifier?.tell(word, word === 'restarts' ? 'agent' : 'box'),
    flush: async () => notifier?.flush(),
  };
}
