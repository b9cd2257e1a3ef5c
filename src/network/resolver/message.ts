import Packet from 'dns2/packet';

type Message = InstanceType<typeof Packet>;

/** Octets of a DNS answer over UDP to a client that did not say it takes more (RFC 1035). */
const plainLimit = 512;
/** The most we send in one datagram, below any usual MTU (DNS flag day 2020). */
const largestDatagram = 1232;

export const Rcode = { ok: 0, formatError: 1, serverFailure: 2, noSuchName: 3, notImplemented: 4 } as const;
export const Explanation = { blocked: 15, noReachableAuthority: 22 } as const;

/** A query as we understand it. `name` is as the client wrote it; 0x20 casing is echoed back. */
export interface Query {
  readonly message: Message;
  readonly name: string;
  readonly type: number;
}

/** @returns the query, an rcode to refuse with, or null for what deserves no answer at all. */
export function parseQuery(
  bytes: Buffer,
): Query | { readonly message: Message; readonly rcode: number } | null {
  let message: Message;
  try {
    message = Packet.parse(bytes);
  } catch {
    return null;
  }
  const { header, questions } = message;
  if (header.qr !== 0) return null;
  if (header.opcode !== 0) return { message, rcode: Rcode.notImplemented };
  const question = questions[0];
  if (questions.length !== 1 || header.qdcount !== 1 || question === undefined || message.errors.length > 0) {
    message.questions = questions.slice(0, 1);
    return { message, rcode: Rcode.formatError };
  }
  return { message, name: question.name, type: question.type };
}

/** @returns an answer with these IPv4 addresses, or an empty one. */
export function renderAnswer(query: Query, addresses: readonly string[], ttl: number): Buffer {
  const response = Packet.createResponseFromRequest(query.message);
  response.header.ra = 1;
  response.additionals = clientOptions(query.message) ? [Packet.Resource.EDNS([])] : [];
  for (const address of addresses) {
    response.answers.push({
      name: query.name,
      type: Packet.TYPE.A,
      class: Packet.CLASS.IN,
      ttl,
      address,
    } as never);
  }
  return response.toBuffer();
}

/** @returns an error answer; the text reaches clients that speak EDNS (RFC 8914). */
export function renderError(message: Message, rcode: number, why?: { code: number; text: string }): Buffer {
  const ede = why === undefined ? undefined : { infoCode: why.code, extraText: why.text };
  const response = Packet.createErrorResponseFromRequest(message, rcode, ede);
  response.header.ra = 1;
  return response.toBuffer();
}

/** @returns `answer` if it fits into the datagram the client takes, else an empty one that says «truncated». */
export function fitDatagram(query: Message, answer: Buffer): Buffer {
  const offered = clientOptions(query)?.class ?? plainLimit;
  if (answer.length <= Math.min(Math.max(offered, plainLimit), largestDatagram)) return answer;
  const response = Packet.createResponseFromRequest(query);
  response.header.tc = 1;
  response.header.ra = 1;
  response.additionals = [];
  return response.toBuffer();
}

function clientOptions(message: Message) {
  return message.additionals.find((record) => record.type === Packet.TYPE.EDNS);
}

/** What an upstream said about a name: its IPv4 addresses, the shortest TTL on the way in seconds, its rcode. */
export interface UpstreamAnswer {
  readonly rcode: number;
  readonly addresses: readonly string[];
  readonly ttl: number;
}

/** Builds our own query for a name's A records: nothing of the client's message goes upstream. */
export function renderUpstreamQuery(id: number, name: string): Buffer {
  const message = new Packet();
  message.header.id = id;
  message.header.rd = 1;
  message.questions.push({ name, type: Packet.TYPE.A, class: Packet.CLASS.IN } as never);
  message.additionals.push(Packet.Resource.EDNS([], { udpPayloadSize: largestDatagram }));
  return message.toBuffer();
}

/** @returns what the upstream said, `truncated`, or null if this is no answer to our question. */
export function parseUpstreamAnswer(
  bytes: Buffer,
  id: number,
  name: string,
): UpstreamAnswer | 'truncated' | null {
  let message: Message;
  try {
    message = Packet.parse(bytes);
  } catch {
    return null;
  }
  const { header, questions } = message;
  const question = questions[0];
  if (header.id !== id || header.qr !== 1 || questions.length !== 1 || question === undefined) return null;
  if (question.name.toLowerCase() !== name || question.type !== Packet.TYPE.A) return null;
  if (header.tc === 1) return 'truncated';
  return { rcode: header.rcode, ...followAliases(message, name) };
}

function followAliases(message: Message, name: string): { addresses: string[]; ttl: number } {
  const names = new Set([name]);
  let ttl = 3600;
  for (let changed = true; changed; ) {
    changed = false;
    for (const record of message.answers) {
      const target = record.domain?.toLowerCase();
      if (record.type !== Packet.TYPE.CNAME || target === undefined) continue;
      if (!names.has(record.name.toLowerCase()) || names.has(target)) continue;
      names.add(target);
      ttl = Math.min(ttl, record.ttl);
      changed = true;
    }
  }
  const addresses: string[] = [];
  for (const record of message.answers) {
    if (record.type !== Packet.TYPE.A || record.address === undefined) continue;
    if (!names.has(record.name.toLowerCase())) continue;
    addresses.push(record.address);
    ttl = Math.min(ttl, record.ttl);
  }
  return { addresses, ttl };
}
