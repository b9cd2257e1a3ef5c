import { memoryOf } from '../checks/memory-of.ts';
import { renderDuration } from '../core/duration.ts';
import { ExitCode } from '../core/exit-codes.ts';
import { Paths } from '../core/paths.ts';
import { renderSize } from '../core/size.ts';
import type { Host } from '../host/host.ts';
import { type BoxState, isAlive, parseState } from '../state/box-state.ts';
import { limitLines } from './limit-lines.ts';
import { readVersions, type Versions } from './versions.ts';

/** What `cloister status --json` prints. Times are milliseconds, sizes bytes. */
export interface Status extends Omit<BoxState, 'phase' | 'startTicks' | 'startedUptime'> {
  readonly state: BoxState['phase'] | 'stopped';
  readonly age: number;
  readonly disk: Readonly<
    Record<string, { readonly size: number; readonly used: number; readonly inodesUsed: number }>
  >;
  readonly memory: { readonly limit: number | null; readonly used: number | null };
  readonly versions: Versions;
}

/** As many as a line holds. */
const mostSets = 5;

/** Prints the state of the box.  @returns 0 while it is booting or ready. */
export function status(host: Host, options: { json: boolean }): number {
  const state = parseState(host.files.readIfAny(Paths.state));
  if (state === null) {
    host.print(options.json ? '{"state":"stopped"}\n' : 'No box has booted here.\n');
    return ExitCode.failed;
  }
  const answer = collect(host, state);
  host.print(options.json ? `${JSON.stringify(answer)}\n` : render(answer));
  return answer.state === 'ready' || answer.state === 'booting' ? ExitCode.ok : ExitCode.failed;
}

function collect(host: Host, box: BoxState): Status {
  const { phase, startTicks: _, startedUptime: began, ...rest } = box;
  const alive = isAlive(host.files, box);
  const work = box.workspace === Paths.workspace ? Paths.workspace : Paths.data;
  const rooms = [work, Paths.tmp, Paths.home, Paths.run];
  return {
    ...rest,
    state: alive || phase === 'failed' ? phase : 'stopped',
    age: host.uptime() - began,
    disk: Object.fromEntries(rooms.map((room) => [room, spaceOf(host, room)])),
    memory: memoryOf(host.files),
    versions: readVersions(host),
  };
}

function spaceOf(host: Host, path: string): { size: number; used: number; inodesUsed: number } {
  const { size, used, inodesUsed } = host.files.space(path);
  return { size, used, inodesUsed };
}

function render(status: Status): string {
  const { firewall, resolver, session, egress } = status;
  const unresolved =
    firewall.unresolved.length === 0 ? '' : `, no answer for ${firewall.unresolved.join(' ')}`;
  const lines = [
    `state       ${status.state}${sinceOf(status)} on ${status.platform}`,
    ...(status.failure === null ? [] : [`failure     ${status.failure.step}: ${status.failure.message}`]),
    ...status.steps.map((step) =>
      `  ${step.name.padEnd(16)}${`${step.duration ?? '…'} ms`.padStart(9)}  ${step.state}  ${step.detail}`.trimEnd(),
    ),
    `containment ${containmentOf(status)}`,
    ...limitLines(status.containment.limits),
    `resolver    ${resolver.running ? 'running' : 'down'}, ${times(resolver.restarts)}, asks ${resolver.upstreams.join(' ')}`,
    `firewall    ${firewall.rules} rules, ${firewall.pins} pinned addresses${unresolved}`,
    ...Object.values(firewall.modelTroubles ?? {}).map((said) => `            ${said}`),
    ...((resolver.through ?? null) === null ? [] : [`through     ${resolver.through}, but for NO_PROXY`]),
    ...neighboursOf(firewall),
    ...(firewall.byAddress
      ? ['            EGRESS BY ADDRESS: names are not checked, for this kernel cannot redirect']
      : []),
    ...(firewall.lastFailure === null ? [] : [`            last change failed: ${firewall.lastFailure}`]),
    `egress      ${egress.refused} refused, ${egress.failed} failed since the boot`,
    ...missedOf(status),
    `session     ${session.running ? 'running' : 'down'}, ${times(session.restarts)}`,
    ...unansweredOf(status),
    ...agentOf(status),
    `repository  ${status.repository}`,
    // The state may be another version's.
    ...(status.lacks ?? []).map((lack) => `            ${lack}`),
    `rescue      ${status.rescue.said}`,
    ...(status.rescue.restored === '' ? [] : [`            ${status.rescue.restored}`]),
    ...Object.entries(status.disk).map(
      ([path, { size, used }]) => `disk        ${path} ${percent(used, size)} of ${roundSize(size)}`,
    ),
    `memory      ${status.memory.used === null ? 'unknown' : roundSize(status.memory.used)} used`,
    `versions    ${Object.entries(status.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** When a box failed or stopped nobody wrote down. */
function sinceOf({ state, age }: Status): string {
  return state === 'ready' || state === 'booting' ? ` for ${renderDuration(age)}` : '';
}

/** Nothing where there are none; a state of another version may not know of them. */
function neighboursOf({ neighbours = [], unresolved }: Status['firewall']): string[] {
  if (neighbours.length === 0) return [];
  const silent = (rule: string) => unresolved.includes(rule.replace(/:.*$/, ''));
  return [
    `neighbours  ${neighbours.map((rule) => `${rule}${silent(rule) ? ' (no answer)' : ''}`).join(' ')}`,
  ];
}

/** Nothing where all answer. */
function unansweredOf({ unanswered }: Status): string[] {
  return Object.entries(unanswered ?? {}).map(
    ([name, reason]) => `            ${name.toUpperCase()} DOES NOT ANSWER: ${reason}`,
  );
}

/** Nothing where no set holds what was refused. */
function missedOf({ egress: { sets = [] } }: Status): string[] {
  if (sets.length === 0) return [];
  const commands = sets.slice(0, mostSets).map((set) => `cloister allow @${set}`);
  return [`            to allow what was refused: ${commands.join(', ')}`];
}

/** Nothing where it has never ended. */
function agentOf({ children: { agent } }: Status): string[] {
  if (agent === undefined) return [];
  const { restarts, lastCode, failing } = agent;
  return [
    `agent       ${failing ? 'STAYS DOWN' : 'running'}, ${times(restarts)}, ended last with ${lastCode}`,
  ];
}

function times(restarts: number): string {
  return restarts === 1 ? '1 restart' : `${restarts} restarts`;
}

function containmentOf({ containment: { landlock, hiddenProcesses } }: Status): string {
  const file = landlock === null ? 'no landlock: this kernel has none' : 'landlock';
  return ['seccomp', file, ...(hiddenProcesses ? ["other users' processes hidden"] : [])].join(', ');
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '–' : `${Math.round((100 * part) / whole)} %`;
}

function roundSize(bytes: number): string {
  return renderSize(Math.round(bytes / 1024 ** 2) * 1024 ** 2);
}
