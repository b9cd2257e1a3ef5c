import type { Log } from '../core/log.ts';
import { Paths } from '../core/paths.ts';
import type { Host } from '../host/host.ts';
import { findGaps } from '../network/firewall/standing.ts';
import { makeControl } from '../supervise/control.ts';
import { makeRulebook, type Rulebook, type RulebookParts } from '../supervise/rulebook.ts';
import { findOwnRules, reservedBy } from './own.ts';
import { attackBox } from './proof.ts';
import type { Handover } from './shed.ts';

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
    parseRule: async (text) => (await import('../network/allowlist/parse.ts')).parseRule(text),
    readBase: async () => {
      const { readRules, renderFaults } = await import('./rules.ts');
      const { base, faults } = readRules(host);
      const fromVariable = handover.base.filter(({ source }) => source === 'ALLOW_DOMAINS');
      const all = [...base, ...fromVariable];
      const own = findOwnRules(
        handover.settings,
        all.map(({ rule }) => rule),
      );
      return { base: all, faults: renderFaults([...faults, ...own]) };
    },
    reserved: reservedBy(handover.settings),
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
