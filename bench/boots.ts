import { spawn } from 'node:child_process';
import {
  followLog,
  image,
  type LogEvent,
  prefix,
  program,
  referenceFlags,
  startOf,
  withContainer,
  withImage,
} from './engine.ts';

/** Milliseconds from the container's start. */
export interface BootTimes {
  readonly firewall: number;
  readonly pinned: number;
  readonly ready: number;
  /** How long the self-test takes; the plain script has none. */
  readonly selfTest?: number;
}

export interface BootFacts {
  readonly flags: readonly string[];
  /** A file on the host: the allowlist. */
  readonly allowlist: string;
}

/** Milliseconds any boot may take: the plain script needs minutes for a thousand names. */
const deadline = 600_000;
/** Milliseconds the box may take until an operator sees the session. */
const attachDeadline = 60_000;
let boots = 0;

/** Boots the box once and reads the times from its own log; nothing else runs in it meanwhile. */
export async function bootBox(facts: BootFacts): Promise<BootTimes> {
  const { name, args } = boxStart(facts);
  return withContainer({ name, args }, async () => {
    const events = await followLog(name, ({ event }) => event === 'boot.ready', deadline);
    const start = await startOf(name);
    const since = (what: string, step?: string) =>
      timeOf(events.find(({ event, step: of }) => event === what && of === step)?.time, start);
    if (process.env.BENCH_STEPS) console.error(renderSteps(events, start));
    return {
      firewall: since('boot.step', 'firewall'),
      pinned: since('boot.step', 'pins'),
      ready: since('boot.ready'),
      selfTest: Number(events.find(({ step }) => step === 'self-test')?.duration),
    };
  });
}

/** @returns when each step ended and how long it took, both in milliseconds. */
function renderSteps(events: readonly LogEvent[], start: number): string {
  return events
    .filter(({ event }) => event === 'boot.step')
    .map(({ step, time, duration }) => `  ${step} ${Math.round(time - start)} (${duration})`)
    .join('\n');
}

/** Boots the box with an operator waiting from the start.  @returns milliseconds until the session is on the screen. */
export async function attachToBox(facts: BootFacts): Promise<number> {
  const { name, args } = boxStart(facts);
  return withContainer({ name, args }, async () => {
    const seen = await firstScreen([program(), 'exec', '-it', name, 'cloister', 'attach']);
    return timeOf(seen, await startOf(name));
  });
}

/** Boots the same image with the plain script, which logs its own times. */
export async function bootPlainly(facts: BootFacts): Promise<BootTimes> {
  const name = nextName();
  const args = [...referenceFlags, ...facts.flags, ...mountOf(facts), plainImage];
  return withContainer({ name, args }, async () => {
    const events = await followLog(name, ({ event }) => event === 'ready', deadline);
    const start = await startOf(name);
    const since = (what: string) => timeOf(events.find(({ event }) => event === what)?.time, start);
    return { firewall: since('firewall'), pinned: since('pinned'), ready: since('ready') };
  });
}

const plainImage = `${prefix}-plain`;

/** Makes the plain script's image for as long as `work` lasts: dig is not in the product's. */
export async function withPlainImage<T>(work: () => Promise<T>): Promise<T> {
  return withImage({ tag: plainImage, file: 'bench/baseline/Dockerfile', packages: 'bind9-dnsutils' }, work);
}

function boxStart(facts: BootFacts): { name: string; args: string[] } {
  return { name: nextName(), args: [...referenceFlags, ...facts.flags, ...mountOf(facts), image] };
}

function nextName(): string {
  boots += 1;
  return `${prefix}-box-${boots}`;
}

function mountOf({ allowlist }: BootFacts): string[] {
  return ['--volume', `${allowlist}:/etc/cloister/domains.conf:ro`];
}

function timeOf(time: number | undefined, start: number): number {
  if (time === undefined) throw new Error('the log lacks an event that the bench reads');
  return Math.round(time - start);
}

/** @returns when tmux drew its status line, in milliseconds since the epoch. */
async function firstScreen(command: readonly string[]): Promise<number> {
  const line = `stty rows 50 cols 200; exec ${command.join(' ')}`;
  const child = spawn('script', ['--quiet', '--return', '--command', line, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, TERM: 'xterm-256color' },
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), attachDeadline);
  let text = '';
  try {
    for await (const chunk of child.stdout.setEncoding('utf8')) {
      text += chunk;
      // The alternate screen, then the name of the session on the status line.
      if (text.split('\x1b[?1049h').slice(1).join('').includes(' cloister ')) return Date.now();
    }
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
  }
  throw new Error(`attach ended without showing the session:\n${text.slice(-1000)}`);
}
