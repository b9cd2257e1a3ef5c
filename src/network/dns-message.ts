import Packet from 'dns2/packet';

export type DnsMessage = InstanceType<typeof Packet>;

/** How a message travels: its answer has to fit into one datagram, or may be long. */
export type Transport = 'datagram' | 'stream';

/** Octets of a DNS answer over UDP to a client that did not say it takes more (RFC 1035). */
const plainLimit = 512;
/** The most we send or take in one datagram, below any usual MTU (DNS flag day 2020). */
export const largestDatagram = 1232;
const headerSize = 12;
/** Octets: a name ends at 255, and what clients add (cookies, padding) is short. */
const longestQuery = 4096;
/** An OPT record, and a signature or a second oddity beside it. */
const mostExtras = 2;

export const Rcode = {
  ok: 0,
  formatError: 1,
  serverFailure: 2,
  noSuchName: 3,
  notImplemented: 4,
  refused: 5,
  badVersion: 16,
} as const;
export const Explanation = { blocked: 15, noReachableAuthority: 22, rateLimited: 31 } as const;

/** A query as we understand it. `name` is as the client wrote it; 0x20 casing is echoed back. */
export interface Query {
  readonly message: DnsMessage;
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** The question as it came: name, type and class. */
  readonly question: Buffer;
  /** The largest datagram the client takes where it speaks EDNS, else null. */
  readonly offered: number | null;
}

/**
 * Parses what a client sent. dns2 sees only one uncompressed question and two records at most: it follows
 * chains of compression pointers as often as a record asks for it, which 64 KB of records can make seconds.
 * @returns the query, an rcode to refuse with, or null for what deserves no answer at all.
 */
export function parseQuery(
  bytes: Buffer,
): Query | { readonly message: DnsMessage; readonly rcode: number } | null {
  const high = bytes[2] ?? 0;
  if (bytes.length < headerSize || (high & 0x80) !== 0) return null;
  const head = () => Packet.parse(Buffer.concat([bytes.subarray(0, 4), Buffer.alloc(8)]));
  if ((high & 0x78) !== 0) return { message: head(), rcode: Rcode.notImplemented };
  const end = hasHonestCounts(bytes) ? endOfQuestion(bytes) : null;
  if (end === null) return { message: head(), rcode: Rcode.formatError };
  const message = Packet.parse(bytes);
  const question = message.questions[0];
  const options = message.additionals.filter(({ type }) => type === Packet.TYPE.EDNS);
  if (question === undefined || message.errors.length > 0 || options.length > 1)
    return { message: head(), rcode: Rcode.formatError };
  const [option] = options as { class: number; version?: number }[];
  if (option !== undefined && option.version !== 0) return { message, rcode: Rcode.badVersion };
  return {
    message,
    name: question.name,
    type: question.type ?? 0,
    class: question.class ?? 0,
    question: bytes.subarray(headerSize, end),
    offered: option?.class ?? null,
  };
}

function hasHonestCounts(bytes: Buffer): boolean {
  const count = (at: number) => bytes.readUInt16BE(at);
  const isOneQuestion = count(4) === 1 && count(6) === 0 && count(8) === 0;
  return isOneQuestion && count(10) <= mostExtras && bytes.length <= longestQuery;
}

/**
 * @returns where the first question ends, or null if it is cut off, compressed (nothing stands before it to
 * point to) or has a dot inside a label: written as text such a name would be taken for another one.
 */
export function endOfQuestion(bytes: Buffer): number | null {
  let at = headerSize;
  for (let length = bytes[at]; length !== 0; length = bytes[at]) {
    if (length === undefined || length > 63) return null;
    for (const end = at + length; at < end; ) if (bytes[++at] === 0x2e) return null;
    at += 1;
  }
  return at + 5 <= bytes.length ? at + 5 : null;
}

/**
 * @returns an answer with these IPv4 addresses, or an empty one; cut short where the client takes no more.
 */
export function renderAnswer(
  query: Query,
  { addresses, ttl, over }: { addresses: readonly string[]; ttl: number; over: Transport },
): Buffer {
  const response = Packet.createResponseFromRequest(query.message);
  response.header.ra = 1;
  if (query.offered !== null) response.additionals = [ourOptions()];
  response.answers = addresses.map(
    (address) => ({ name: query.name, type: Packet.TYPE.A, class: Packet.CLASS.IN, ttl, address }) as never,
  );
  const whole = response.toBuffer();
  if (over === 'stream' || whole.length <= limitOf(query)) return whole;
  response.header.tc = 1;
  response.answers = [];
  return response.toBuffer();
}

function limitOf({ offered }: Query): number {
  return Math.min(Math.max(offered ?? plainLimit, plainLimit), largestDatagram);
}

function ourOptions(rdata: unknown[] = []) {
  return Packet.Resource.EDNS(rdata as never, { udpPayloadSize: largestDatagram });
}

/** @returns an error answer; the text reaches clients that speak EDNS (RFC 8914). */
export function renderError(
  message: DnsMessage,
  rcode: number,
  why?: { code: number; text: string },
): Buffer {
  const ede = why === undefined ? undefined : { infoCode: why.code, extraText: why.text };
  const response = Packet.createErrorResponseFromRequest(message, rcode, ede);
  response.header.ra = 1;
  for (const record of response.additionals) record.class = largestDatagram;
  return response.toBuffer();
}

/** @returns where the TTLs of the answer section stand in `answer`, a message of our own making. */
export function findTtls(answer: Buffer): number[] {
  const found: number[] = [];
  let at = endOfQuestion(answer) ?? answer.length;
  for (let left = answer.readUInt16BE(6); left > 0; left--) {
    // Every owner is a pointer back to the question, and every record an address.
    found.push(at + 6);
    at += 16;
  }
  return found;
}
