import { getPublicSuffix } from 'tldts';
import { normaliseName } from './host-name.ts';
import type { Protocol, Rule, SourcedRule } from './rule.ts';
import { setNamed } from './rule-set.ts';

/** Where a rule stands, so that a fault can be found: a file or variable, and a line or position from 1. */
export interface RuleFault {
  readonly source: string;
  readonly line: number;
  readonly fault: string;
  /** Where there is more to say than to mend the line. */
  readonly remedy?: string;
}

/** A line that names a set of rules. */
export interface SetReference {
  readonly set: string;
  readonly source: string;
  readonly line: number;
}

export interface ParsedRules {
  readonly rules: readonly Rule[];
  readonly sourced: readonly SourcedRule[];
  readonly references: readonly SetReference[];
  readonly faults: readonly RuleFault[];
}

/** Parses an allowlist file: a rule or `@set` a line, `#` starts a comment. */
export function parseRules(text: string, source: string): ParsedRules {
  return collect(
    text.split('\n').map((line) => line.replace(/#.*$/, '').trim()),
    source,
  );
}

/** Parses a comma-separated list of rules, as `ALLOW_DOMAINS` holds it. */
export function parseRuleList(text: string, source: string): ParsedRules {
  const { references, faults, ...parsed } = collect(
    text.split(',').map((part) => part.trim()),
    source,
  );
  const sets = references.map(({ set, line }) => ({
    source,
    line,
    fault: `@${set} is a set: sets are named in ALLOW_SETS`,
  }));
  return { ...parsed, references: [], faults: [...faults, ...sets] };
}

function collect(lines: readonly string[], source: string): ParsedRules {
  const sourced: SourcedRule[] = [];
  const references: SetReference[] = [];
  const faults: RuleFault[] = [];
  lines.forEach((text, index) => {
    if (text === '') return;
    const line = index + 1;
    const set = setNamed(text);
    if (set !== null) {
      references.push({ set, source, line });
      return;
    }
    const parsed = parseRule(text);
    if (typeof parsed === 'string') faults.push({ source, line, fault: parsed });
    else sourced.push({ rule: parsed, source: `${source}:${line}` });
  });
  return { rules: sourced.map(({ rule }) => rule), sourced, references, faults };
}

/** @returns the rule, or why `text` is none. */
export function parseRule(text: string): Rule | string {
  const match = /^(\*\.)?([^\s:/*]+)(?::([0-9]{1,5})(\/tcp)?)?([ \t]+ech)?$/.exec(text);
  if (match === null)
    return `${quote(text)} is no rule: write name, *.name, name:port or name:port/tcp, or a word "ech" behind a name`;
  const [, star, host = '', digits, opaque, ech] = match;
  const name = normaliseName(host);
  if (name === null) return `${quote(host)} is no host name`;
  const port = digits === undefined ? 443 : Number(digits);
  if (port < 1 || port > 65535) return `${port} is no port`;
  if (port === 53) return 'port 53 always leads to the resolver and cannot be opened';
  const wildcard = star !== undefined;
  if (!name.includes('.')) return `${quote(text)} names a whole top-level domain or a bare label`;
  if (wildcard && getPublicSuffix(name, { allowPrivateDomains: true }) === name) {
    return `${quote(text)} opens a public suffix, below which strangers own the names`;
  }
  const protocol = protocolOf(port, opaque !== undefined);
  if (ech !== undefined && protocol !== 'tls')
    return `${quote(text)} is no rule: only TLS has an encrypted ClientHello`;
  return { name, wildcard, port, protocol, ...(ech === undefined ? {} : { ech: true }) };
}

function protocolOf(port: number, opaque: boolean): Protocol {
  if (opaque) return 'tcp';
  return port === 80 ? 'http' : 'tls';
}

/** Escapes everything but printable ASCII: a rule is shown in logs and on terminals. */
function quote(text: string): string {
  return JSON.stringify(text.slice(0, 80)).replace(
    /[^\x20-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
