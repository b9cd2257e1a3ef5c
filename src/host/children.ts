import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { pipeline, Readable, type Writable } from 'node:stream';
import { CommandError, defaultTimeout, rootEnvironment } from './command-error.ts';
import { copy, drained } from './copy.ts';
import type { Child, ChildSpec, Command, Output } from './host.ts';

/** Characters kept of each stream, the last ones, and how many may come: of a list of names those of half a million. */
const mostText = { kept: 1_000_000, heard: 16_000_000 };
const mostOctets = { kept: 64_000_000, heard: 64_000_000 };

/** What Node has started and will collect itself. */
const own = new Map<number, ChildProcess>();

/** @returns the process groups of what was started and still runs. */
export function ownChildren(): number[] {
  return [...own.keys()];
}

export function isOwnChild(pid: number): boolean {
  return own.has(pid);
}

function track<T extends ChildProcess>(child: T): T {
  const { pid } = child;
  if (pid !== undefined) {
    own.set(pid, child);
    // The pid is free before we hear of the end, and may by then be that of another child.
    child.on('exit', () => void (own.get(pid) === child && own.delete(pid)));
  }
  return child;
}

/** Starts a program that lives on, in a process group of its own unless it shares our terminal. */
export function start(spec: ChildSpec): Child {
  const [file = '', ...rest] = spec.argv;
  const child = track(
    spawn(file, rest, {
      env: { ...spec.env },
      cwd: spec.cwd ?? '/',
      detached: spec.foreground !== true,
      stdio: stdioOf(spec),
    }),
  );
  const exited = exitOf(child);
  if (spec.output === 'copy') {
    copy(child.stdout, process.stdout, spec.filter?.());
    copy(child.stderr, process.stderr, spec.filter?.());
  }
  if (typeof spec.output === 'function' && child.stderr !== null) eachLine(child.stderr, spec.output);
  return {
    pid: child.pid ?? 0,
    exited: spec.output === 'copy' ? drained(child).then(() => exited) : exited,
    send: (message) => {
      if (child.connected) child.send(message as never, () => {});
    },
    onMessage: (listener) => void child.on('message', listener),
    signal: (name) => signalGroup(child, spec.foreground === true, name),
  };
}

function stdioOf(spec: ChildSpec): StdioOptions {
  const out = spec.output === 'inherit' ? 'inherit' : spec.output === 'copy' ? 'pipe' : 'ignore';
  const err = typeof spec.output === 'function' ? 'pipe' : out;
  const input = spec.foreground === true ? 'inherit' : (spec.input ?? 'ignore');
  const channel = spec.channel === true ? (['ipc'] as const) : [];
  return [input, out, err, ...(spec.descriptors ?? []), ...channel];
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.on('error', () => resolve(127));
    child.on('exit', (code: number | null, signal: NodeJS.Signals | null) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });
}

function signalGroup(child: ChildProcess, alone: boolean, name: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(alone ? child.pid : -child.pid, name);
  } catch {
    // It ended in this very moment.
  }
}

/** Kills a whole process group, if its leader could be started and some of it lives. */
export function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended in this very moment.
  }
}

function eachLine(stream: NodeJS.ReadableStream, take: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split(/[\r\n]+/);
    rest = (lines.pop() ?? '').slice(-4000);
    for (const line of lines) if (line !== '') take(line);
  });
}

/** A program that ends early, or input that fails, closes the pipe: its exit code tells. */
export function feed(stdin: Writable, { stdin: text = '', input, octets }: Command): void {
  stdin.on('error', () => {});
  if (input === undefined) stdin.end(Buffer.from(text, octets === true ? 'latin1' : 'utf8'));
  else pipeline(Readable.from(input, { objectMode: false }), stdin, () => {});
}

/**
 * Runs a program to its end like `run`, for the supervisor alone: it lives for days beside the agent, and execa
 * would cost it 4 MB of private memory.
 */
export function runLean(command: Command): Promise<Output> {
  const [file = '', ...rest] = command.argv;
  const child = track(
    spawn(file, rest, {
      env: { ...(command.env ?? rootEnvironment) },
      cwd: command.cwd ?? '/',
      // A process group of its own: at the deadline all of it ends. A grandchild would keep the pipes open.
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    }),
  );
  let cut: string | null = null;
  const end = (why: string) => {
    cut ??= why;
    endGroup(child.pid);
    letGo(child);
  };
  const timer = setTimeout(() => end('took too long'), command.timeout ?? defaultTimeout);
  command.abort?.addEventListener('abort', () => end('was stopped'), { once: true });
  if (command.onProgress !== undefined) eachLine(child.stderr, command.onProgress);
  const said = { stdout: '', stderr: '' };
  const { kept, heard } = command.octets === true ? mostOctets : mostText;
  for (const name of ['stdout', 'stderr'] as const) {
    if (name === 'stdout' && command.onOutput !== undefined) child.stdout.on('data', command.onOutput);
    else {
      let length = 0;
      child[name].setEncoding(command.octets === true ? 'latin1' : 'utf8').on('data', (chunk: string) => {
        said[name] = (said[name] + chunk).slice(-kept);
        length += chunk.length;
        if (length > heard) end('said too much');
      });
    }
  }
  feed(child.stdin, command);
  return new Promise((resolve, reject) => {
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(new CommandError(command, { code: 127, ...said }, `could not start (${error.message})`));
    });
    void drained(child).then(() => {
      clearTimeout(timer);
      letGo(child);
      const { exitCode: code, signalCode: signal } = child;
      const output = { code: code ?? 128 + (signal === null ? 0 : constants.signals[signal]), ...said };
      const ended = signal === null ? `exited with ${code}` : `was ended by ${signal}`;
      const how = cut ?? ended;
      if (cut === null && output.code === 0) resolve(output);
      else reject(new CommandError(command, output, how));
    });
  });
}

/** Who was handed our pipes, as a tmux server is by its client, may hold them, and write into them, for ever. */
export function letGo(child: ChildProcess): void {
  for (const stream of child.stdio) stream?.destroy();
}
