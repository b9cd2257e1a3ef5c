import { isIPv4, isIPv6 } from 'node:net';

/** What the DNS server says for one name; every key is optional. */
export interface ZoneEntry {
  a?: string[];
  aaaa?: string[];
  cname?: string;
  /** Seconds, 60 unless told. */
  ttl?: number;
  /** One address per answer, the next one at every query. */
  rotate?: boolean;
  delayMs?: number;
  /** Never answer. */
  drop?: boolean;
  rcode?: number;
  /** Answer with another id than the query's. */
  lieAboutId?: boolean;
  /** Answer for another name than the one asked. */
  wrongQuestion?: boolean;
  /** Over UDP: the truncated bit and no answer. */
  truncate?: boolean;
}

const isFlag = (value: unknown) => typeof value === 'boolean';
const isCount = (top: number) => (value: unknown) =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= top;
const isListOf = (test: (value: string) => boolean) => (value: unknown) =>
  Array.isArray(value) && value.every((item) => typeof item === 'string' && test(item));

const shapes: Record<keyof ZoneEntry, (value: unknown) => boolean> = {
  a: isListOf(isIPv4),
  aaaa: isListOf(isIPv6),
  cname: (value) => typeof value === 'string' && value.length > 0,
  ttl: isCount(2 ** 31 - 1),
  rotate: isFlag,
  delayMs: isCount(60_000),
  drop: isFlag,
  rcode: isCount(15),
  lieAboutId: isFlag,
  wrongQuestion: isFlag,
  truncate: isFlag,
};

/** @throws naming the key that is unknown or has the wrong shape */
export function parseZoneEntry(data: unknown): ZoneEntry {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) throw new Error('want a JSON object');
  for (const [key, value] of Object.entries(data)) {
    const fits = shapes[key as keyof ZoneEntry];
    if (fits === undefined) throw new Error(`unknown key ${key}: want ${Object.keys(shapes).join(', ')}`);
    if (!fits(value)) throw new Error(`key ${key}: wrong value ${JSON.stringify(value)}`);
  }
  return data as ZoneEntry;
}
