import { ownProgram } from '../confinement/own-program.ts';
import { BootError } from '../core/errors.ts';
import type { StepTools } from '../core/step-tools.ts';
import type { Host } from '../host/host.ts';
import { readFamily } from '../network/firewall/counters.ts';
import { findGaps } from '../network/firewall/standing.ts';
import type { Handover } from '../state/handover.ts';
import { runAttack } from './attack.ts';
import { standingPromise } from './attacked-promises.ts';
import { countedPromises, type Finding, isTolerated, refusedByPacket } from './protocol.ts';

/** Has the box attacked from inside, as the agent's user, and stops the boot when anything gave way. */
export async function runSelfTest(host: Host, handover: Handover, tools: StepTools): Promise<void> {
  const findings = await attackBox(host, handover);
  const broken = named(findings, 'broken');
  if (broken.length > 0) {
    throw new BootError({
      message: `the box does not hold what it promises: ${broken.join('; ')}`,
      remedy: 'Run it with the flags of the README; if it still happens, report it as SECURITY.md says.',
    });
  }
  const open = named(
    findings.filter((finding) => !isTolerated(finding)),
    'unknown',
    'not tried',
  );
  if (open.length > 0) {
    throw new BootError({
      message: `the box could not prove what it promises: ${open.join('; ')}`,
      remedy: 'Run it with the flags of the README; if it still happens, report it as SECURITY.md says.',
    });
  }
  const unknown = named(findings, 'unknown', 'not tried');
  if (unknown.length > 0)
    tools.warn(`${findings.length - unknown.length} promises hold; not to be told: ${unknown.join('; ')}`);
  else tools.say(`${findings.length} promises hold`);
}

/** Attacks every promise, and believes a refusal of the firewall only if the firewall has counted it. */
export async function attackBox(
  host: Host,
  { environment, backend, byAddress }: Pick<Handover, 'environment' | 'backend' | 'byAddress'>,
): Promise<Finding[]> {
  const families = environment.ipv6 ? ([4, 6] as const) : ([4] as const);
  const count = () =>
    Promise.all(
      families.map(async (family) => {
        const { told, untold } = await readFamily(host, { backend, family });
        return told + untold;
      }),
    );
  const before = await count();
  // The firewall is asked for beside the attacks: it is not what they are after.
  const [attacked, gaps] = await Promise.all([
    runAttack(() => host.run(ownProgram(['verify', '--inside'], environment.agent))),
    findGaps(host, { backend, byAddress, ipv6: environment.ipv6, agent: environment.agent.uid }),
  ]);
  const after = await count();
  return families.reduce(
    (judged, family, index) => doubt(judged, family, (after[index] ?? 0) - (before[index] ?? 0)),
    [...attacked, standing(gaps)],
  );
}

function standing(gaps: readonly string[]): Finding {
  const verdict = gaps.length === 0 ? 'holds' : 'broken';
  return { promise: standingPromise, verdict, detail: gaps.join(', ') };
}

/** @returns the findings, without what this family's firewall is said to have refused where it has not counted as much. */
function doubt(findings: Finding[], family: 4 | 6, counted: number): Finding[] {
  const claimed = findings.filter(
    ({ promise, verdict, detail }) =>
      verdict === 'holds' && countedPromises[family].includes(promise) && refusedByPacket.test(detail),
  );
  if (counted >= claimed.length) return findings;
  return findings.map((finding) =>
    claimed.includes(finding)
      ? { ...finding, verdict: 'unknown', detail: `the firewall counted ${counted} refusals` }
      : finding,
  );
}

function named(findings: readonly Finding[], ...verdicts: Finding['verdict'][]): string[] {
  return findings
    .filter(({ verdict }) => verdicts.includes(verdict))
    .map(({ promise, detail }) => `${promise} (${detail})`);
}
