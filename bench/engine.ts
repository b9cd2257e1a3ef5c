import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);
export const root = join(import.meta.dirname, '..');
export const image = process.env.CLOISTER_IMAGE ?? 'cloister:dev';
/** Every object of the engine that the bench makes begins with this: two runs may go on at once. */
export const prefix = `cloister-bench-${process.env.BENCH_RUN ?? process.pid}`;

/** The reference flags of the box, as every other command of the project runs it. */
export const referenceFlags = readFileSync(join(root, 'scripts/flags'), 'utf8').split('\n').filter(Boolean);

/** Runs the container engine to its end.  @returns what it printed on stdout. */
export async function engine(args: readonly string[]): Promise<string> {
  const { stdout } = await run(program(), [...args], { maxBuffer: 64 * 1024 ** 2 });
  return stdout;
}

export function program(): string {
  return process.env.ENGINE ?? 'docker';
}

/** Starts a container, hands it to `work`, and takes it away whatever happens. */
export async function withContainer<T>(
  start: { readonly name: string; readonly args: readonly string[] },
  work: () => Promise<T>,
): Promise<T> {
  const remove = () => engine(['rm', '--force', '--volumes', start.name]).catch(() => {});
  try {
    await engine(['run', '--detach', '--name', start.name, ...start.args]);
    return await work();
  } finally {
    await remove();
  }
}

/**
 * Builds an image on top of the product's, for as long as `work` lasts.
 * @param made `packages`: names of Debian's packages, space-separated, that it has besides
 */
export async function withImage<T>(
  made: { readonly tag: string; readonly file: string; readonly packages?: string },
  work: () => Promise<T>,
): Promise<T> {
  const { tag, file, packages } = made;
  const below = packages === undefined ? image : `${tag}-packages`;
  if (packages !== undefined) {
    await build(below, 'bench/packages.Dockerfile', [`BASE=${image}`, `PACKAGES=${packages}`]);
  }
  await build(tag, file, [`BASE=${below}`]);
  try {
    return await work();
  } finally {
    await engine(['rmi', tag, ...(below === image ? [] : [below])]).catch(() => {});
  }
}

async function build(tag: string, file: string, options: readonly string[]): Promise<void> {
  const more = options.flatMap((option) => ['--build-arg', option]);
  await engine(['build', '--quiet', '--tag', tag, ...more, '--file', join(root, file), root]);
}

/** @returns when the engine had started the container, in milliseconds since the epoch. */
export async function startOf(name: string): Promise<number> {
  const text = await engine(['inspect', '--format', '{{.State.StartedAt}}', name]);
  // Nanoseconds are more than Date takes.
  const fraction = Number(`0.${/\.(\d+)/.exec(text)?.[1] ?? '0'}`);
  return Date.parse(text.trim().replace(/\.\d+/, '')) + fraction * 1000;
}

export type LogEvent = Readonly<Record<string, unknown>> & { readonly event: string; readonly time: number };

/** Follows a container's log of JSON lines, without asking the container anything, until `until` says so. */
export async function followLog(
  name: string,
  until: (event: LogEvent) => boolean,
  deadline: number,
): Promise<LogEvent[]> {
  const child = spawn(program(), ['logs', '--follow', name], { stdio: ['ignore', 'pipe', 'inherit'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), deadline);
  const events: LogEvent[] = [];
  const others: string[] = [];
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const event = parseEvent(line);
      if (event === null) others.push(line);
      else events.push(event);
      if (event !== null && until(event)) return events;
    }
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
  }
  const last = [...events.map((event) => JSON.stringify(event)), ...others].slice(-5).join('\n');
  throw new Error(`${name} did not get ready; its last words:\n${last}`);
}

function parseEvent(line: string): LogEvent | null {
  try {
    const value = JSON.parse(line) as LogEvent;
    return typeof value.event === 'string' && typeof value.time === 'number' ? value : null;
  } catch {
    return null;
  }
}
