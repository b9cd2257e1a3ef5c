import { ExitCode } from '../core/exit-codes.ts';
import { Paths } from '../core/paths.ts';
import type { Host } from '../host/host.ts';
import { type BoxState, isAlive, parseState, type StepState } from '../state/box-state.ts';

/** Milliseconds between two looks. */
const pause = 20;
/** Milliseconds between two words on how far a clone is. */
const cloneTold = 2000;
/** How long there may be no sign of a boot at all. */
const patience = 15_000;

/** Shows the boot's steps as they end.  @returns null once this boot is ready, or an exit code if it is not to be. */
export async function watchBoot(host: Host): Promise<number | null> {
  const shown = new Set<string>();
  const start = host.uptime();
  let waited = false;
  let told = start;
  for (;;) {
    const state = parseState(host.files.readIfAny(Paths.state));
    if (state?.phase === 'failed') return explain(host, state);
    if (state !== null && !isAlive(host.files, state)) return gone(host);
    if (state?.phase === 'stopping') return say(host, 'The box is stopping.\n');
    if (state !== null && isReady(host, state)) {
      if (waited) showNew(host, state, shown);
      return null;
    }
    if (state === null && host.uptime() - start > patience) return gone(host);
    if (state !== null) {
      if (!waited) host.print('The box is booting.\n');
      waited = true;
      showNew(host, state, shown);
      if (isCloning(state) && host.uptime() - told >= cloneTold) {
        told = host.uptime();
        host.print(`  ${state.repository}\n`);
      }
    }
    await host.sleep(pause);
  }
}

function isReady(host: Host, state: BoxState): boolean {
  return state.phase === 'ready' && host.files.readIfAny(Paths.ready)?.trim() === state.bootId;
}

function isCloning({ steps, repository }: BoxState): boolean {
  return (
    repository !== 'none' && steps.some(({ name, state }) => name === 'repository' && state === 'running')
  );
}

function showNew(host: Host, state: BoxState, shown: Set<string>): void {
  for (const step of state.steps) {
    const key = `${step.name} ${step.state}`;
    if (step.state === 'running' || shown.has(key)) continue;
    shown.add(key);
    host.print(renderStep(step));
  }
}

function renderStep(step: StepState): string {
  const mark = step.state === 'done' ? '+' : step.state === 'warned' ? '!' : 'x';
  return `${mark} ${step.name.padEnd(16)} ${`${step.duration ?? 0} ms`.padStart(8)}  ${step.detail}\n`;
}

function explain(host: Host, { failure }: BoxState): number {
  const why =
    failure === null ? 'for an unknown reason' : `at ${failure.step}: ${failure.message}\n${failure.remedy}`;
  host.print(`The boot failed ${why}\nMore: docker logs (or fly logs), and \`cloister status\`.\n`);
  return failure?.code ?? ExitCode.failed;
}

function gone(host: Host): number {
  return say(host, 'The box is not running. More: docker logs (or fly logs).\n');
}

function say(host: Host, text: string): number {
  host.print(text);
  return ExitCode.failed;
}
