import type { BoxState } from '../../state/box-state.ts';

/** What was seen of the box; null where it could not be told. Shares are of 1. */
export interface HealthFacts {
  readonly state: BoxState | null;
  /** Whether the init of that state still lives. */
  readonly alive: boolean;
  /** What the kernel's firewall lacks; null where init gave no answer. */
  readonly gaps: readonly string[] | null;
  readonly resolver: boolean;
  readonly proxy: boolean;
  readonly agent: boolean;
  readonly disks: Readonly<Record<string, { readonly writable: boolean; readonly used: number }>>;
  readonly memory: number | null;
}

export interface Health {
  readonly status: 'starting' | 'healthy' | 'degraded' | 'unhealthy';
  /** A sentence for each thing that is not as it should be. */
  readonly reasons: readonly string[];
}

/** From this share on a disk or the memory is too full. */
const full = 0.9;

/** Unhealthy: the box can't do its work or hold its promises. Degraded: it does, but somebody should look. */
export function judgeHealth(facts: HealthFacts): Health {
  const { state } = facts;
  if (state === null) return { status: 'unhealthy', reasons: ['no box has booted here'] };
  if (state.phase === 'failed') {
    const failure = `the boot failed at ${state.failure?.step ?? 'a step'}: ${state.failure?.message ?? ''}`;
    return { status: 'unhealthy', reasons: [failure] };
  }
  if (!facts.alive) return { status: 'unhealthy', reasons: ['init is gone'] };
  if (state.phase === 'stopping') return { status: 'unhealthy', reasons: ['the box is stopping'] };
  if (state.phase === 'booting') return { status: 'starting', reasons: [] };
  const broken = brokenOf(facts, state);
  const poor = poorOf(facts, state);
  const status = broken.length > 0 ? 'unhealthy' : poor.length > 0 ? 'degraded' : 'healthy';
  return { status, reasons: [...broken, ...poor] };
}

function brokenOf(facts: HealthFacts, state: BoxState): string[] {
  return [
    ...(facts.gaps ?? ['init does not answer']),
    ...(facts.resolver ? [] : ['the resolver does not answer']),
    ...(facts.proxy || state.firewall.byAddress ? [] : ['the proxy does not judge what the agent dials']),
    ...(state.session.running || state.once ? [] : ['the session is not running']),
  ];
}

function poorOf(facts: HealthFacts, state: BoxState): string[] {
  const { lastFailure, byAddress } = state.firewall;
  const { memory } = facts;
  return [
    ...(lastFailure === null ? [] : [`the last change of the firewall failed: ${lastFailure}`]),
    // The state may be another version's.
    ...Object.values(state.firewall.modelTroubles ?? {}),
    ...(byAddress ? ['egress goes by address: names are not checked'] : []),
    ...unansweredOf(state),
    ...(facts.agent ? [] : [`the agent is not running${whyDown(state)}`]),
    ...(state.rescue.outcome === 'failed' ? ['the work could not be saved: `cloister status` says why'] : []),
    // The state may be another version's.
    ...(state.rescue.partial === true
      ? ['a part of the work could not be saved: `cloister status` says which']
      : []),
    ...Object.entries(facts.disks).flatMap(([path, { writable, used }]) => [
      ...(writable ? [] : [`${path} is not writable`]),
      ...(used >= full ? [`${path} is ${percent(used)} full`] : []),
    ]),
    ...(memory !== null && memory >= full ? [`${percent(memory)} of the memory is used`] : []),
  ];
}

/** What each is called that is asked whether it lives. A state of another version may not know of it. */
const asked = {
  session: "the session can't be entered",
  egress: 'the egress process does not answer',
  'packet-log': "the reader of the firewall's log does not answer",
  agent: "a program of the session's panes stands still",
} as const;

function unansweredOf({ unanswered = {} }: BoxState): string[] {
  return (Object.keys(asked) as (keyof typeof asked)[])
    .filter((name) => unanswered[name] !== undefined)
    .map((name) => `${asked[name]}: ${unanswered[name]}`);
}

function whyDown({ children: { agent } }: BoxState): string {
  if (!agent?.failing) return '';
  return `: it ended again and again, last with code ${agent.lastCode}, and stays down until Enter in its pane`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
