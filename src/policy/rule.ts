/** How a rule lets a connection out: TLS with SNI, HTTP with Host, or opaque TCP. */
export type Protocol = 'tls' | 'http' | 'tcp';

/** One line of the allowlist, parsed. `name` is ASCII, lower case, without a trailing dot or `*.`. */
export interface Rule {
  readonly name: string;
  /** True: any name below `name`, not `name` itself. */
  readonly wildcard: boolean;
  readonly port: number;
  readonly protocol: Protocol;
  /** An encrypted ClientHello is let through as well, and what it hides nobody knows. Only with TLS. */
  readonly ech?: true;
  /** A service beside the box: asked of the platform's resolver, and reached on a connected network alone. */
  readonly neighbour?: true;
}

/** A rule and where it stands: a file and its line, or a variable. */
export interface SourcedRule {
  readonly rule: Rule;
  readonly source: string;
  /** The set that holds the rule, where the source names a set. */
  readonly set?: string;
}

/** What the operator denies although a rule allows it. `port` null: on every port. */
export interface Denial {
  readonly name: string;
  /** True: every name below `name`, not `name` itself. */
  readonly wildcard: boolean;
  readonly port: number | null;
}

/** @returns the rule as an operator would type it. */
export function renderRule(rule: Rule): string {
  const name = rule.wildcard ? `*.${rule.name}` : rule.name;
  if (rule.protocol === 'tcp') return `${name}:${rule.port}/tcp`;
  const place = rule.port === 443 ? name : `${name}:${rule.port}`;
  return rule.ech === true ? `${place} ech` : place;
}

/** @returns the denial as an operator would type it. */
export function renderDenial({ name, wildcard, port }: Denial): string {
  return `${wildcard ? '*.' : ''}${name}${port === null ? '' : `:${port}`}`;
}
