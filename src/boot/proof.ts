import { agentEnvironment, confined } from '../core/agent-profile.ts';
import { BootError } from '../core/errors.ts';
import type { Finding } from '../core/finding.ts';
import { Paths } from '../core/paths.ts';
import type { Host } from '../host/host.ts';
import type { Environment } from './environment.ts';
import { ownNodeEnvironment } from './shed.ts';
import type { StepTools } from './step.ts';

/** Has the box attacked from inside, as the agent's user, and stops the boot when anything gave way. */
export async function proveBox(host: Host, environment: Environment, tools: StepTools): Promise<void> {
  const { stdout } = await host.run({
    argv: confined([Paths.node, Paths.program, 'verify', '--inside'], environment.agent),
    env: { ...agentEnvironment(), ...ownNodeEnvironment() },
  });
  const findings = JSON.parse(stdout) as Finding[];
  if (findings.length === 0)
    throw new BootError({ message: 'the proof attacked nothing, so it proves nothing' });
  const named = (verdict: Finding['verdict']) =>
    findings
      .filter((finding) => finding.verdict === verdict)
      .map(({ promise, detail }) => `${promise} (${detail})`);
  const broken = named('broken');
  if (broken.length > 0) {
    throw new BootError({
      message: `the box does not hold what it promises: ${broken.join('; ')}`,
      remedy: 'Run it with the flags of the README; if it still happens, report it as SECURITY.md says.',
    });
  }
  const unknown = named('unknown');
  if (unknown.length > 0)
    tools.warn(`${findings.length - unknown.length} promises hold; not to be told: ${unknown.join('; ')}`);
  else tools.say(`${findings.length} promises hold`);
}
