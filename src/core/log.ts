import pino from 'pino';
import { makeRedactor } from './redact.ts';

export type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
export const levels: readonly Level[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

/** One event a line. `event` is a stable dotted name; the fields say the rest. */
export interface Log {
  event(level: Level, event: string, fields?: Readonly<Record<string, unknown>>): void;
  /** From now on these values are printed as `[secret]` wherever they stand, whatever the field's name. */
  hide(secrets: readonly string[]): void;
  /** @returns a text as the log would print it. */
  redact(text: string): string;
}

/** @param write takes one finished line, newline included.  @param heard hears of each event, of every level. */
export function makeLog(options: {
  level: Level;
  write: (line: string) => void;
  heard?: (level: Level, event: string, fields: Readonly<Record<string, unknown>>) => void;
}): Log {
  const secrets = makeRedactor();
  const logger = pino(
    { level: options.level, base: null, formatters: { level: (label) => ({ level: label }) } },
    options,
  );
  return {
    // Values, not the finished line: a prompt of digits or of quotes must not break the line's JSON.
    event: (level, event, fields = {}) => {
      const clean = secrets.deep(fields) as Record<string, unknown>;
      logger[level]({ event, ...clean });
      options.heard?.(level, event, clean);
    },
    hide: secrets.hide,
    redact: secrets.text,
  };
}
