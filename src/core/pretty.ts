import { prettyFactory } from 'pino-pretty';

/** @returns a function from one JSON log line to one for people. */
export function makePretty(colour: boolean): (line: string) => string {
  const format = prettyFactory({
    colorize: colour,
    translateTime: 'SYS:HH:MM:ss',
    hideObject: true,
    messageFormat: (entry) => sentence(entry),
  });
  return (line) => format(line) ?? '';
}

function sentence(entry: Readonly<Record<string, unknown>>): string {
  const { level: _, time: __, event, step, duration, detail, message, remedy, ...rest } = entry;
  if (event === 'boot.step') return `${step} (${duration} ms)${detail === '' ? '' : `: ${detail}`}`;
  if (event === 'boot.failed')
    return `boot failed at ${step}: ${message}${remedy === '' ? '' : `\n${remedy}`}`;
  if (event === 'boot.ready') return `ready after ${duration} ms`;
  const more = Object.entries({ step, duration, detail, message, remedy, ...rest })
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return [event, ...more].join(' ');
}
