import { domainToASCII } from 'node:url';

const label = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;

/**
 * Normalises a host name: IDNA to ASCII, lower case, one trailing dot dropped.
 * @returns the name, or null if DNS could not carry it: empty, over 253 octets, a bad label, or an address.
 */
export function normaliseName(text: string): string | null {
  const bare = text.endsWith('.') ? text.slice(0, -1) : text;
  const ascii = /^[\x21-\x7e]*$/.test(bare) ? bare.toLowerCase() : domainToASCII(bare);
  if (ascii.length === 0 || ascii.length > 253) return null;
  const labels = ascii.split('.');
  if (!labels.every((part) => label.test(part))) return null;
  const last = labels.at(-1) ?? '';
  return /^(0x[0-9a-f]*|[0-9]+)$/.test(last) ? null : ascii;
}
