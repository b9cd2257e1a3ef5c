import type { Reason } from '../../policy/refusal.ts';

const internalError = 80;
/** AlertDescription of RFC 8446, 6, for what each refusal is to a TLS client. */
const descriptions: Partial<Record<Reason, number>> = {
  'not-tls': 10, // unexpected_message
  'too-large': 22, // record_overflow
  'inside-address': 49, // access_denied
  'hidden-name': 49,
  'no-name': 109, // missing_extension
};
const decodeError = 50;
const unrecognisedName = 112;

/** @returns a record with the fatal alert that tells a TLS client of this refusal. */
export function renderAlert(reason: Reason | 'malformed' | null): Buffer {
  return Buffer.from([21, 3, 3, 0, 2, 2, describe(reason)]);
}

function describe(reason: Reason | 'malformed' | null): number {
  if (reason === null) return internalError;
  return reason === 'malformed' ? decodeError : (descriptions[reason] ?? unrecognisedName);
}
