import { spawn } from 'node-pty';

/** A program on a pseudo terminal of its own. */
export interface Pty {
  onOutput(take: (bytes: Buffer) => void): void;
  write(bytes: Buffer): void;
  resize(size: { columns: number; rows: number }): void;
  /** Default SIGHUP. */
  end(signal?: NodeJS.Signals): void;
  readonly exited: Promise<number>;
}

/** Starts `argv` on a new pseudo terminal. The caller confines it: node-pty's own uid option keeps capabilities. */
export function openPty(options: {
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
  size: { columns: number; rows: number };
}): Pty {
  const [file = '', ...rest] = options.argv;
  const pty = spawn(file, rest, {
    name: options.env.TERM ?? 'xterm-256color',
    cols: options.size.columns,
    rows: options.size.rows,
    cwd: '/',
    env: { ...options.env },
    encoding: null,
  });
  return {
    onOutput: (take) => void pty.onData((data) => take(Buffer.from(data as unknown as Uint8Array))),
    write: (bytes) => pty.write(bytes),
    resize: ({ columns, rows }) => pty.resize(columns, rows),
    end: (signal = 'SIGHUP') => pty.kill(signal),
    exited: new Promise((resolve) => pty.onExit(({ exitCode }) => resolve(exitCode))),
  };
}
