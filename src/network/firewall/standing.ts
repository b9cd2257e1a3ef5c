import type { Host } from '../../host/host.ts';
import type { Backend } from '../../state/environment.ts';

export interface StandingFacts {
  readonly backend: Backend;
  readonly ipv6: boolean;
  readonly byAddress: boolean;
  /** Decimal user id of the agent. */
  readonly agent: number;
}

/** One chain, and the line its rules must begin with: whatever stands before ours could let everything through. */
interface Expected {
  readonly program: 'iptables' | 'ip6tables';
  readonly table: 'filter' | 'nat' | 'mangle';
  readonly chain: string;
  readonly first: string;
  readonly policy: 'DROP' | null;
}

/** Looks whether the firewall still stands in the kernel.  @returns what is missing, a sentence each; none where it stands. */
export async function findGaps(host: Host, facts: StandingFacts): Promise<string[]> {
  const gaps = await Promise.all(
    expectedOf(facts).map(async (expected) => {
      const { program, table, chain } = expected;
      const argv = [`/usr/sbin/${program}-${facts.backend}`, '-w', '-t', table, '-S', chain];
      try {
        return gapIn((await host.run({ argv, timeout: 5000 })).stdout, expected);
      } catch {
        return `${program} has no chain ${chain} in ${table}`;
      }
    }),
  );
  return gaps.filter((gap) => gap !== null);
}

function expectedOf({ ipv6, byAddress, agent }: StandingFacts): Expected[] {
  const jump = (program: Expected['program'], chain: 'OUTPUT' | 'INPUT'): Expected => ({
    program,
    table: 'filter',
    chain,
    first: `-A ${chain} -j CLOISTER-${chain}`,
    policy: 'DROP',
  });
  const families = ipv6 ? (['iptables', 'ip6tables'] as const) : (['iptables'] as const);
  return [
    ...families.flatMap((program) => [jump(program, 'OUTPUT'), jump(program, 'INPUT')]),
    {
      program: 'iptables',
      table: 'filter',
      chain: 'CLOISTER-OUTPUT',
      first: `-A CLOISTER-OUTPUT -m owner --uid-owner ${agent} -j CLOISTER-AGENT`,
      policy: null,
    },
    ...leak,
    ...(byAddress ? [] : [redirect]),
  ];
}

/** Loopback addresses never leave: judged where the interface is the final one. */
const leak: readonly Expected[] = [
  {
    program: 'iptables',
    table: 'mangle',
    chain: 'POSTROUTING',
    first: '-A POSTROUTING -j CLOISTER-LEAK',
    policy: null,
  },
  {
    program: 'iptables',
    table: 'mangle',
    chain: 'CLOISTER-LEAK',
    first: '-A CLOISTER-LEAK -d 127.0.0.0/8 ! -o lo -j DROP',
    policy: null,
  },
];

const redirect: Expected = {
  program: 'iptables',
  table: 'nat',
  chain: 'OUTPUT',
  first: '-A OUTPUT -j CLOISTER-DNS',
  policy: null,
};

/** @param listing what `iptables -S CHAIN` printed. */
function gapIn(listing: string, { program, table, chain, first, policy }: Expected): string | null {
  const lines = listing.split('\n').map((line) => line.trim());
  const where = `${program}, table ${table}`;
  if (policy !== null && !lines.includes(`-P ${chain} ${policy}`))
    return `${where}: ${chain} does not drop by default`;
  const [rule] = lines.filter((line) => line.startsWith('-A'));
  return rule === first ? null : `${where}: ${chain} does not begin with the firewall`;
}
