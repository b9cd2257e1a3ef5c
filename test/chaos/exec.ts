import { spawn } from 'node:child_process';

/** How a program ended. */
export interface Ended {
  /** 124 where it was killed for taking too long. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ExecOptions {
  readonly input?: string;
  /** Milliseconds it may take. */
  readonly timeout?: number;
}

export const engineProgram = process.env.ENGINE ?? 'docker';

/** Runs the container engine. Never rejects: how it ended is the answer. */
export function engine(args: readonly string[], options: ExecOptions = {}): Promise<Ended> {
  return exec(engineProgram, args, options);
}

/** Runs a program to its end, or kills it when its time is over. Never rejects. */
export function exec(
  program: string,
  args: readonly string[],
  { input = '', timeout = 180_000 }: ExecOptions = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: 'pipe' });
    let [stdout, stderr, late] = ['', '', false];
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, timeout);
    const end = (code: number) => {
      clearTimeout(timer);
      resolve({ code: late ? 124 : code, stdout, stderr });
    };
    child.stdout.setEncoding('utf8').on('data', (some: string) => {
      stdout += some;
    });
    child.stderr.setEncoding('utf8').on('data', (some: string) => {
      stderr += some;
    });
    child.on('error', (error) => {
      stderr += error.message;
      end(127);
    });
    child.on('close', (code) => end(code ?? 128));
    // A program that ended has no use for its input.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

/** @returns what it printed. Throws where it failed. */
export async function output(
  program: string,
  args: readonly string[],
  options?: ExecOptions,
): Promise<string> {
  const ended = await exec(program, args, options);
  if (ended.code !== 0)
    throw new Error(`${program} ${args.join(' ')} ended with ${ended.code}: ${ended.stderr || ended.stdout}`);
  return ended.stdout;
}
