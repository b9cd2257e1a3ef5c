import { Rcode } from './dns-message.ts';
import type { Resolution, ResolverParts } from './resolver-parts.ts';
import type { UpstreamAnswer } from './upstream-message.ts';

/** Seconds an answer is held, at least and at most; what is dialled later is pinned anew. */
const leastTtl = 5;
const mostTtl = 300;
/** Seconds a name may count as absent or empty: it may just be coming into being. */
const mostNegativeTtl = 60;

/** Asks upstream for a name, judges the addresses and has them noted as an answer. Never throws. */
export async function lookUp(parts: ResolverParts, name: string): Promise<Resolution> {
  let answer: UpstreamAnswer;
  try {
    answer = await parts.ask(name);
  } catch (error) {
    return { kind: 'failed', trouble: 'upstream-silent', detail: (error as Error).message };
  }
  const { rcode, addresses } = answer;
  const negativeTtl = bound(answer.ttl, mostNegativeTtl);
  if (rcode === Rcode.noSuchName) return { kind: 'absent', ttl: negativeTtl };
  if (rcode !== Rcode.ok)
    return { kind: 'failed', trouble: 'upstream-failed', detail: `it answered with rcode ${rcode}` };
  if (addresses.length === 0) return { kind: 'addresses', addresses, ttl: negativeTtl };
  const good = addresses.filter(parts.mayDial);
  if (good.length === 0) return { kind: 'denied', reason: 'inside-address', ttl: negativeTtl };
  const ttl = bound(answer.ttl, mostTtl);
  try {
    await parts.learned(name, good, ttl);
    return { kind: 'addresses', addresses: good, ttl };
  } catch (error) {
    return { kind: 'failed', trouble: 'pin-failed', detail: (error as Error).message };
  }
}

function bound(ttl: number, most: number): number {
  return Math.min(Math.max(ttl, leastTtl), most);
}
