import Packet from 'dns2/packet';
import { type Query, renderError } from '../dns-message.ts';

/** An error answer without its question, which is all that differs between two clients. */
interface Blank {
  readonly head: Buffer;
  readonly tail: Buffer;
}

const headerSize = 12;

/** What an error answer says: its rcode, and the explanation for clients that speak EDNS (RFC 8914). */
export interface TemplateVerdict {
  readonly rcode: number;
  readonly why?: { readonly code: number; readonly text: string };
}

/**
 * Fills error answers in: each verdict is encoded once, and the client's id and question are put into a
 * copy. A flood of denied names then costs little more than reading them, and leaves nothing behind.
 * @param verdicts few and constant: none may depend on what the client sent.
 */
export function makeBlank(verdict: TemplateVerdict): (query: Query, id: Buffer) => Buffer {
  const plain = renderBlank(verdict, false);
  const extended = renderBlank(verdict, true);
  return (query, id) => {
    const { head, tail } = query.offered === null ? plain : extended;
    const answer = Buffer.concat([head, query.question, tail]);
    id.copy(answer, 0, 0, 2);
    answer[2] = (answer[2] ?? 0) | query.message.header.rd;
    return answer;
  };
}

function renderBlank({ rcode, why }: TemplateVerdict, isExtended: boolean): Blank {
  const request = new Packet();
  if (isExtended) request.additionals.push(Packet.Resource.EDNS([]));
  const bytes = renderError(request, rcode, why);
  const head = bytes.subarray(0, headerSize);
  head.writeUInt16BE(1, 4);
  return { head, tail: bytes.subarray(headerSize) };
}
