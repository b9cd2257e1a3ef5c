/** Replaces secrets by value, wherever they stand in a text or in the strings of a value. */
export interface Redactor {
  /** From now on these values are replaced by `[secret]`. Values under four characters would hit too much. */
  hide(secrets: readonly string[]): void;
  text(text: string): string;
  /** @returns a copy of plain data in which every string is redacted; keys, numbers and shape stay. */
  deep(value: unknown): unknown;
}

export function makeRedactor(): Redactor {
  const secrets = new Set<string>();
  const text = (raw: string) => redact(raw, secrets);
  const deep = (value: unknown): unknown => {
    if (typeof value === 'string') return text(value);
    if (Array.isArray(value)) return value.map(deep);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, deep(inner)]));
  };
  return {
    hide: (values) => {
      for (const value of values) if (value.length >= 4) secrets.add(value);
    },
    text,
    deep,
  };
}

/** @returns `text` with each secret replaced, also in the form JSON gives it; the longest first, lest a part stays. */
export function redact(text: string, secrets: Iterable<string>): string {
  const forms = [...secrets].flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]);
  let out = text;
  for (const form of [...new Set(forms)].sort((one, other) => other.length - one.length)) {
    out = out.replaceAll(form, '[secret]');
  }
  return out;
}
