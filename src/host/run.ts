import { constants } from 'node:os';
import { Readable } from 'node:stream';
import { execa } from 'execa';
import { endGroup } from './children.ts';
import { CommandError, defaultTimeout, rootEnvironment } from './command-error.ts';
import type { Command, Output } from './host.ts';

/** Runs a program to its end with execa. */
export async function run(command: Command): Promise<Output> {
  const [file = '', ...rest] = command.argv;
  const subprocess = execa(file, rest, {
    env: command.env ?? rootEnvironment,
    extendEnv: false,
    cwd: command.cwd ?? '/',
    input: inputOf(command),
    encoding: command.octets === true ? 'latin1' : 'utf8',
    ...(command.onOutput === undefined ? {} : { buffer: { stdout: false } }),
    // A process group of its own: at the deadline all of it ends. A grandchild would keep the pipes open.
    detached: true,
    maxBuffer: command.octets === true ? 64_000_000 : 4_000_000,
    reject: false,
    stripFinalNewline: false,
  });
  if (command.onProgress !== undefined) void relayLines(subprocess, command.onProgress);
  if (command.onOutput !== undefined) subprocess.stdout.on('data', command.onOutput);
  command.abort?.addEventListener('abort', () => endGroup(subprocess.pid), { once: true });
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    endGroup(subprocess.pid);
  }, command.timeout ?? defaultTimeout);
  const result = await subprocess;
  clearTimeout(timer);
  const signal = result.signal === undefined ? 0 : (constants.signals[result.signal as NodeJS.Signals] ?? 0);
  const output = {
    code: result.exitCode ?? 128 + signal,
    stdout: result.stdout ?? '',
    stderr: result.stderr,
  };
  if (result.failed) throw new CommandError(command, output, howItEnded({ ...result, timedOut }));
  return output;
}

function inputOf({ input, stdin = '', octets }: Command): Readable | Buffer {
  if (input !== undefined) return Readable.from(input, { objectMode: false });
  return Buffer.from(stdin, octets === true ? 'latin1' : 'utf8');
}

async function relayLines(
  subprocess: { iterable: (options: { from: 'stderr' }) => AsyncIterable<unknown> },
  onProgress: (line: string) => void,
): Promise<void> {
  try {
    for await (const line of subprocess.iterable({ from: 'stderr' })) onProgress(String(line));
  } catch {
    // The program's own failure is reported once, by the caller of run.
  }
}

function howItEnded(result: {
  timedOut: boolean;
  signal?: string | undefined;
  exitCode?: number | undefined;
  originalMessage?: string | undefined;
}): string {
  if (result.timedOut) return 'took too long';
  if (result.signal !== undefined) return `was ended by ${result.signal}`;
  return result.exitCode === undefined
    ? `could not start (${result.originalMessage ?? 'unknown'})`
    : `exited with ${result.exitCode}`;
}
