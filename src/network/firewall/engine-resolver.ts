import type { FirewallPlan } from './plan.ts';

type Engine = Pick<FirewallPlan, 'engineResolvers' | 'engineForwards'>;

const asRoot = '-m owner --uid-owner 0';
const protocols = ['udp', 'tcp'] as const;

/**
 * The egress user asks the engine's resolvers. The engine leads port 53 of theirs to a high one before the filter sees
 * it: what was dialled is what counts.
 */
export function engineQuestions({ engineResolvers }: Engine): string[] {
  return engineResolvers.flatMap((address) =>
    protocols.map(
      (protocol) =>
        `-A CLOISTER-EGRESS -d ${address}/32 -p ${protocol} -m conntrack --ctorigdst ${address} --ctorigdstport 53 -j ACCEPT`,
    ),
  );
}

/**
 * What the engine's resolver does not know it asks of others, from here and as root. Where nothing but a neighbour is
 * asked of it, it gets no answer, at once. Nobody is told: no program of the box's has asked.
 */
export function engineQueries({ engineResolvers, engineForwards }: Engine): string[] {
  if (engineResolvers.length === 0) return [];
  const verdict = engineForwards ? 'ACCEPT' : 'REJECT';
  return protocols.map(
    (protocol) => `-A CLOISTER-OUTPUT ${asRoot} -p ${protocol} -m ${protocol} --dport 53 -j ${verdict}`,
  );
}

/** Led to the box's own resolver, which has asked the engine's, each would wait for the other. */
export function unledQueries({ engineResolvers }: Engine): string[] {
  return engineResolvers.length === 0 ? [] : [`-A CLOISTER-DNS ! -o lo ${asRoot} -j RETURN`];
}
