import { ownProgram } from '../../confinement/own-program.ts';
import { BootError } from '../../core/errors.ts';
import { ExitCode } from '../../core/exit-codes.ts';
import { Paths } from '../../core/paths.ts';
import type { ShortHost } from '../../host/host.ts';
import { agentAsBooted } from '../../state/agent-as-booted.ts';
import { runAttack, withUntried } from '../attack.ts';
import { standingPromise } from '../attacked-promises.ts';
import { areKept, type Finding } from '../protocol.ts';
import { attackPromises } from './promises.ts';

/** What came of an attack: a finding for each promise, or why there is none. */
type Outcome = readonly Finding[] | { readonly why: string };

/** Attacks the box from inside, as the agent's user, and prints what held. Only a box that held all of it gets 0. */
export async function verify(host: ShortHost, options: { json: boolean; inside: boolean }): Promise<number> {
  if (options.inside) {
    host.print(`${JSON.stringify(await attackPromises(host))}\n`);
    return ExitCode.ok;
  }
  const isAgent = host.uid === agentAsBooted(host).uid;
  const outcome = isAgent
    ? withoutKernel(await attackPromises(host), "only root may ask init for the kernel's look")
    : await askInit(host);
  const findings = 'why' in outcome ? withoutKernel([], outcome.why) : outcome;
  if (options.json) host.print(`${JSON.stringify(findings)}\n`);
  else host.print('why' in outcome ? `not tried: ${outcome.why}\n` : renderFindings(findings));
  return areKept(findings) ? ExitCode.ok : ExitCode.failed;
}

/** Init attacks, for it alone sees what the firewall counts; where it does not answer, this process does what it can. */
async function askInit(host: ShortHost): Promise<Outcome> {
  const reply = await replyOf(host);
  if (reply?.data !== undefined) return withUntried(reply.data);
  if (reply !== null) return { why: reply.text };
  try {
    const attacked = await runAttack(() => host.run(ownProgram(['verify', '--inside'], agentAsBooted(host))));
    return withoutKernel(attacked, "init does not answer, and nobody else can take the kernel's look");
  } catch (error) {
    if (error instanceof BootError) return { why: error.message };
    throw error;
  }
}

interface Reply {
  readonly text: string;
  readonly data?: readonly Finding[];
}

/** @returns null where nobody listens: the boot may have ended before the socket was there. */
async function replyOf(host: ShortHost): Promise<Reply | null> {
  try {
    const reply = JSON.parse(await host.ask(Paths.control, '{"command":"verify"}')) as Reply;
    return typeof reply.text === 'string' ? reply : null;
  } catch {
    return null;
  }
}

function withoutKernel(findings: readonly Finding[], detail: string): Finding[] {
  return [...withUntried(findings, detail), { promise: standingPromise, verdict: 'not tried', detail }];
}

function renderFindings(findings: readonly Finding[]): string {
  return findings
    .map(
      ({ promise, verdict, detail }) =>
        `${verdict.padEnd(9)} ${promise}${detail === '' ? '' : ` (${detail})`}\n`,
    )
    .join('');
}
