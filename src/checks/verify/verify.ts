import { agentEnvironment, confined } from '../../confinement/profile.ts';
import { ExitCode } from '../../core/exit-codes.ts';
import { Paths } from '../../core/paths.ts';
import type { ShortHost } from '../../host/host.ts';
import { agentAsBooted } from '../../state/agent-as-booted.ts';
import type { Finding } from '../protocol.ts';
import { attackPromises } from './promises.ts';

/** Attacks the box from inside, as the agent's user, and prints what held. */
export async function verify(host: ShortHost, options: { json: boolean; inside: boolean }): Promise<number> {
  const findings =
    options.inside || host.uid === agentAsBooted(host).uid
      ? await attackPromises(host)
      : await askInside(host);
  const broken = findings.filter(({ verdict }) => verdict === 'broken');
  host.print(options.json || options.inside ? `${JSON.stringify(findings)}\n` : renderFindings(findings));
  return options.inside || broken.length === 0 ? ExitCode.ok : ExitCode.failed;
}

/** Init attacks, for it alone sees what the wall counts; where it does not answer, this process does. */
async function askInside(host: ShortHost): Promise<Finding[]> {
  try {
    const reply = JSON.parse(await host.ask(Paths.control, '{"command":"verify"}')) as { data?: Finding[] };
    if (reply.data !== undefined) return reply.data;
  } catch {
    // The boot may have ended before the socket was there.
  }
  const { stdout } = await host.run({
    argv: confined([Paths.node, Paths.program, 'verify', '--inside'], agentAsBooted(host)),
    env: agentEnvironment(),
  });
  return JSON.parse(stdout) as Finding[];
}

function renderFindings(findings: readonly Finding[]): string {
  return findings
    .map(
      ({ promise, verdict, detail }) =>
        `${verdict.padEnd(8)} ${promise}${detail === '' ? '' : ` (${detail})`}\n`,
    )
    .join('');
}
