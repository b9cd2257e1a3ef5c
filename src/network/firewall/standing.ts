import { chainOf } from '../../core/errors.ts';
import { CommandError } from '../../host/command-error.ts';
import type { Host } from '../../host/host.ts';
import type { Backend } from '../../state/environment.ts';

/** Milliseconds; a machine that is busy with others takes seconds for a program's start. */
const patience = 20_000;

export interface StandingFacts {
  readonly backend: Backend;
  readonly ipv6: boolean;
  readonly byAddress: boolean;
  /** Decimal user id of the agent. */
  readonly agent: number;
}

/** One chain, and the line its rules must begin with: whatever stands before ours could let everything through. */
interface Expected extends Listed {
  readonly chain: string;
  readonly first: string;
  readonly policy: 'DROP' | null;
}

interface Listed {
  readonly program: 'iptables' | 'ip6tables';
  readonly table: 'filter' | 'nat' | 'mangle';
}

/** Looks whether the firewall still stands in the kernel.  @returns what is missing, a sentence each; none where it stands. */
export async function findGaps(host: Host, facts: StandingFacts): Promise<string[]> {
  const byTable = Map.groupBy(expectedOf(facts), ({ program, table }) => `${program} ${table}`);
  const gaps = await Promise.all(
    [...byTable.values()].map(async (expected) => {
      const [listed] = expected;
      if (listed === undefined) return [];
      const lines = await listTable(host, facts.backend, listed);
      if (typeof lines === 'string') return [lines];
      return [...expected.map((one) => gapIn(lines, one)), ...pinGapIn(lines, listed, facts)];
    }),
  );
  return gaps.flat().filter((gap) => gap !== null);
}

/** Each start of iptables costs more than all that it prints: a table is listed once.  @returns why there is no list, in a sentence. */
async function listTable(
  host: Host,
  backend: Backend,
  { program, table }: Listed,
): Promise<string[] | string> {
  const argv = [`/usr/sbin/${program}-${backend}`, '-w', '-t', table, '-S'];
  try {
    const { stdout } = await host.run({ argv, timeout: patience });
    return stdout.split('\n').map((line) => line.trim());
  } catch (error) {
    // A table that is not there is an answer.
    if (error instanceof CommandError && error.answered) return [];
    return `${program}, table ${table}: nobody could look, ${chainOf(error)}`;
  }
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

/** @param lines what `iptables -S` printed of the table. */
function gapIn(lines: readonly string[], { program, table, chain, first, policy }: Expected): string | null {
  const where = `${program}, table ${table}`;
  if (!lines.some((line) => line === `-N ${chain}` || line.startsWith(`-P ${chain} `)))
    return `${program} has no chain ${chain} in ${table}`;
  if (policy !== null && !lines.includes(`-P ${chain} ${policy}`))
    return `${where}: ${chain} does not drop by default`;
  const rule = lines.find((line) => line.startsWith(`-A ${chain} `));
  return rule === first ? null : `${where}: ${chain} does not begin with the firewall`;
}

/** What nothing opens, the metadata addresses of clouds for one, is refused before a pin could open it. */
function pinGapIn(
  lines: readonly string[],
  { program, table }: Listed,
  { byAddress }: StandingFacts,
): string[] {
  if (program !== 'iptables' || table !== 'filter') return [];
  const chain = byAddress ? 'CLOISTER-AGENT' : 'CLOISTER-EGRESS';
  const pins = lines.indexOf(`-A ${chain} -p tcp -j CLOISTER-PINS`);
  const isClosed = lines.includes('-A CLOISTER-CLOSED -d 169.254.0.0/16 -j CLOISTER-REFUSE');
  return isClosed && (pins === -1 || lines[pins - 1] === `-A ${chain} -j CLOISTER-CLOSED`)
    ? []
    : [`${program}, table ${table}: a pin could open what nothing opens`];
}
