import pino from 'pino';

export type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
export const levels: readonly Level[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

/** One event a line. `event` is a stable dotted name; the fields say the rest. */
export interface Log {
  event(level: Level, event: string, fields?: Readonly<Record<string, unknown>>): void;
  /** From now on these values are printed as `[secret]` wherever they stand, whatever the field's name. */
  hide(secrets: readonly string[]): void;
}

/** @param write takes one finished line, newline included. */
export function makeLog(options: { level: Level; write: (line: string) => void }): Log {
  const secrets = new Set<string>();
  const sink = { write: (line: string) => options.write(redact(line, secrets)) };
  const logger = pino(
    { level: options.level, base: null, formatters: { level: (label) => ({ level: label }) } },
    sink,
  );
  return {
    event: (level, event, fields = {}) => logger[level]({ event, ...fields }),
    hide: (values) => {
      for (const value of values) if (value.length >= 4) secrets.add(value);
    },
  };
}

/** A log that keeps nothing, for programs whose output is their answer. */
export const silentLog: Log = { event: () => {}, hide: () => {} };

/** @returns `line` with each secret replaced, also in the form JSON gives it. */
export function redact(line: string, secrets: Iterable<string>): string {
  let out = line;
  for (const secret of secrets) {
    for (const form of new Set([secret, JSON.stringify(secret).slice(1, -1)])) {
      out = out.replaceAll(form, '[secret]');
    }
  }
  return out;
}
