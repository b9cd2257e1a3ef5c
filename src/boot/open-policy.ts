import { attackBox } from '../checks/self-test.ts';
import { makeControl } from '../control/control-socket.ts';
import type { Log } from '../core/log.ts';
import { Paths } from '../core/paths.ts';
import type { Host } from '../host/host.ts';
import { makeRulebook, type Rulebook, type RulebookParts } from '../init/policy-store.ts';
import { findGaps } from '../network/firewall/standing.ts';
import { neededBy } from '../policy/needed-hosts.ts';
import { findOwnRules, reservedBy } from '../policy/reserved-hosts.ts';
import type { Handover } from '../state/handover.ts';

/** Opens the list to the operator: commands on the control socket, SIGHUP for the files. */
export function openRulebook(
  { host, log, handover }: { host: Host; log: Log; handover: Handover },
  apply: RulebookParts['apply'],
): Rulebook {
  const rulebook = makeRulebook({
    host,
    log,
    base: handover.base,
    // Parsing needs the list of public suffixes: it is loaded by the first who asks.
    parseRule: async (text) => (await import('../policy/parse-rules.ts')).parseRule(text),
    readBase: async () => {
      const { findExcess, readRules, renderFaults } = await import('./allowlist-files.ts');
      const { base, faults } = readRules(host);
      const fromVariable = handover.base.filter(({ source }) => source === 'ALLOW_DOMAINS');
      const all = [...base, ...fromVariable];
      const own = findOwnRules(
        handover.settings,
        all.map(({ rule }) => rule),
      );
      const excess = findExcess(all);
      return { base: all, faults: renderFaults([...faults, ...own, ...(excess === null ? [] : [excess])]) };
    },
    reserved: reservedBy(handover.settings),
    neededBy: neededBy(handover.settings),
    apply,
  });
  host.serve(
    Paths.control,
    makeControl({
      book: rulebook,
      log,
      attack: () => attackBox(host, handover),
      findGaps: () => findGaps(host, standingFacts(handover)),
    }),
  );
  host.onSignal(['SIGHUP'], () => void rulebook.reload());
  return rulebook;
}

function standingFacts({ backend, byAddress, environment }: Handover) {
  return { backend, byAddress, ipv6: environment.ipv6, agent: environment.agent.uid };
}
