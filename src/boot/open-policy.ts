import { attackBox } from '../checks/self-test.ts';
import { makeControl } from '../control/control-socket.ts';
import type { Log } from '../core/log.ts';
import { Paths } from '../core/paths.ts';
import type { Host } from '../host/host.ts';
import { makePolicyStore, type PolicyStore, type PolicyStoreParts } from '../init/policy-store.ts';
import { renderFaults } from '../init/rule-files.ts';
import { findGaps } from '../network/firewall/standing.ts';
import { neededBy } from '../policy/needed-hosts.ts';
import { neighbourNamed } from '../policy/neighbour.ts';
import { findReservedRules, findTaken, reservedBy } from '../policy/reserved-hosts.ts';
import type { Handover } from '../state/handover.ts';

/** What of the list no file says, and no reload changes. */
const variables: readonly string[] = ['ALLOW_DOMAINS', 'NEIGHBOURS'];

/** Opens the list to the operator: commands on the control socket, SIGHUP for the files. */
export function openPolicyStore(
  { host, log, handover }: { host: Host; log: Log; handover: Handover },
  apply: PolicyStoreParts['apply'],
): PolicyStore {
  const policyStore = makePolicyStore({
    host,
    log,
    base: handover.base,
    // Parsing needs the list of public suffixes: it is loaded by the first who asks.
    parseRule: async (text) =>
      neighbourNamed(handover.settings.neighbours, text) ??
      (await import('../policy/parse-rules.ts')).parseRule(text),
    readSets: async () => {
      const { readSets } = await import('../init/read-sets.ts');
      const { sets, faults } = readSets(host.files);
      return { sets, faults: renderFaults(faults) };
    },
    readBase: async () => {
      const { findExcess, readRules } = await import('./allowlist-files.ts');
      const { base, faults } = readRules(host, handover.settings.sets);
      const fromVariables = handover.base.filter(({ source }) => variables.includes(source));
      const all = [...base, ...fromVariables, ...handover.settings.claude.rules];
      const rules = all.map(({ rule }) => rule);
      const own = [...findReservedRules(handover.settings, rules), ...findTaken(rules)];
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
      book: policyStore,
      log,
      attack: () => attackBox(host, handover),
      findGaps: () => findGaps(host, standingFacts(handover)),
    }),
  );
  host.onSignal(['SIGHUP'], () => void policyStore.reload());
  return policyStore;
}

function standingFacts({ backend, byAddress, environment }: Handover) {
  return { backend, byAddress, ipv6: environment.ipv6, agent: environment.agent.uid };
}
