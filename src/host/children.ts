import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { CommandError, defaultTimeout, rootEnvironment } from './command-error.ts';
import type { Child, ChildSpec, Command, Output } from './host.ts';

/** What Node has started and will collect itself. */
const own = new Set<number>();

export function isOwnChild(pid: number): boolean {
  return own.has(pid);
}

function track<T extends ChildProcess>(child: T): T {
  const { pid } = child;
  if (pid !== undefined) {
    own.add(pid);
    child.on('exit', () => own.delete(pid));
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
  if (typeof spec.output === 'function' && child.stderr !== null) eachLine(child.stderr, spec.output);
  return {
    pid: child.pid ?? 0,
    exited: exitOf(child),
    send: (message) => {
      if (child.connected) child.send(message as never, () => {});
    },
    onMessage: (listener) => void child.on('message', listener),
    signal: (name) => signalGroup(child, spec.foreground === true, name),
  };
}

function stdioOf(spec: ChildSpec): StdioOptions {
  const out = spec.output === 'inherit' ? 'inherit' : 'ignore';
  const err = typeof spec.output === 'function' ? 'pipe' : out;
  const input = spec.foreground === true ? 'inherit' : 'ignore';
  const channel = spec.channel === true ? (['ipc'] as const) : [];
  return [input, out, err, ...(spec.descriptors ?? []), ...channel];
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.on('error', () => resolve(127));
    child.on('exit', (code, signal) =>
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

function eachLine(stream: NodeJS.ReadableStream, take: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split(/[\r\n]+/);
    rest = (lines.pop() ?? '').slice(-4000);
    for (const line of lines) if (line !== '') take(line);
  });
}

/** Runs a program to its end. Without a library: execa would cost every boot 30 ms, and the supervisor 13 MB. */
export function run(command: Command): Promise<Output> {
  const [file = '', ...rest] = command.argv;
  const child = track(
    spawn(file, rest, {
      env: { ...(command.env ?? rootEnvironment) },
      cwd: command.cwd ?? '/',
      timeout: command.timeout ?? defaultTimeout,
      killSignal: 'SIGKILL',
      stdio: ['pipe', 'pipe', 'pipe'],
    }),
  );
  if (command.onProgress !== undefined) eachLine(child.stderr, command.onProgress);
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      said[name] = (said[name] + chunk).slice(-1_000_000);
    });
  }
  child.stdin.on('error', () => {}).end(command.stdin ?? '');
  return new Promise((resolve, reject) => {
    child.on('error', (error) => {
      reject(new CommandError(command, { code: 127, ...said }, `could not start (${error.message})`));
    });
    child.on('close', (code, signal) => {
      const output = { code: code ?? 128 + (signal === null ? 0 : constants.signals[signal]), ...said };
      const how = signal === null ? `exited with ${code}` : `was ended by ${signal}`;
      if (output.code === 0) resolve(output);
      else reject(new CommandError(command, output, how));
    });
  });
}
