/** The operator's terminal. Sizes are character cells. */
export interface Terminal {
  size(): { columns: number; rows: number };
  /** Raw: every key arrives at once and unchanged. */
  raw(on: boolean): void;
  write(bytes: Buffer | string): void;
  /** Calls back for each input until the returned function is called. */
  onInput(take: (bytes: Buffer) => void): () => void;
  onResize(take: () => void): () => void;
  /** Calls back once the terminal is gone: its connection dropped or its window closed. */
  onGone(take: () => void): () => void;
}

/** The terminal this program was started on. */
export function ownTerminal(): Terminal {
  const { stdin, stdout } = process;
  return {
    size: () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 }),
    raw: (on) => {
      if (stdin.isTTY) stdin.setRawMode(on);
    },
    write: (bytes) => void stdout.write(bytes),
    onInput: (take) => {
      stdin.on('data', take);
      stdin.resume();
      return () => {
        stdin.off('data', take);
        stdin.pause();
      };
    },
    onResize: (take) => {
      stdout.on('resize', take);
      return () => void stdout.off('resize', take);
    },
    onGone: (take) => {
      const signs = [
        [stdin, 'error'],
        [stdout, 'error'],
        [stdin, 'end'],
        [stdin, 'close'],
        [process, 'SIGHUP'],
        [process, 'SIGTERM'],
      ] as const;
      for (const [from, name] of signs) from.on(name, take);
      return () => {
        for (const [from, name] of signs) from.off(name, take);
      };
    },
  };
}
