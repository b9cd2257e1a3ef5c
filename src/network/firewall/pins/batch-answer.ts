import { getSystemErrorMessage, getSystemErrorName } from 'node:util';
import type { NetlinkAnswer } from '../../../host/host.ts';
import type { PinBatch } from './pin-batch.ts';

const kernel = 0;
const header = 16;
const errorMessage = 2;

/**
 * Judges what came back for a batch: it is in force where the kernel itself has confirmed every message of it, and
 * refused nothing. Whatever else comes, from others or for others, or cut short, counts as nothing.
 * @returns why the change may not be in force, in one sentence, or null.
 */
export function findRefusal(
  answers: readonly NetlinkAnswer[],
  { sequence, confirmed }: Pick<PinBatch, 'sequence' | 'confirmed'>,
): string | null {
  const own = answers
    .filter(({ from }) => from === kernel)
    .flatMap(({ octets }) => parseVerdicts(octets))
    .filter((verdict) => sequence.includes(verdict.sequence));
  const refused = own.find(({ error }) => error !== 0);
  if (refused !== undefined) return `the kernel refused the change of the pins: ${describe(refused.error)}`;
  const heard = new Set(own.map((verdict) => verdict.sequence));
  if (confirmed.every((each) => heard.has(each))) return null;
  return 'the kernel did not confirm the change of the pins';
}

interface Verdict {
  readonly sequence: number;
  /** 0 for success, else an error's number, below zero. */
  readonly error: number;
}

/** Parses the messages of one datagram (NLMSG_ERROR of netlink(7)), up to the first that does not fit. */
function parseVerdicts(octets: Buffer): Verdict[] {
  const found: Verdict[] = [];
  for (let at = 0; octets.length - at >= header + 4; ) {
    const length = octets.readUInt32LE(at);
    if (length < header + 4 || length > octets.length - at) break;
    if (octets.readUInt16LE(at + 4) === errorMessage)
      found.push({ sequence: octets.readUInt32LE(at + 8), error: octets.readInt32LE(at + header) });
    at += Math.ceil(length / 4) * 4;
  }
  return found;
}

function describe(error: number): string {
  // Only numbers below zero are errors of a system.
  if (error > 0) return `error ${error}`;
  return `${getSystemErrorName(error)}, ${getSystemErrorMessage(error)}`;
}
