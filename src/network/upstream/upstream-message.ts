import { randomBytes } from 'node:crypto';
import Packet from 'dns2/packet';
import { type DnsMessage, endOfQuestion, largestDatagram, type Transport } from '../dns-message.ts';

const headerSize = 12;
/** A name with more addresses than init takes in one message keeps the first of them. */
const mostAnswers = 256;
const mostAuthorities = 16;
/** Octets of the longest answer we read: 256 addresses and a long chain of aliases are half of it. */
const longestAnswer = 16_384;

/**
 * What an upstream said about a name: its IPv4 addresses, its rcode, and for how many seconds that holds: the
 * shortest TTL on the way, or what the zone says of names that do not exist (RFC 2308), 0 if it says nothing.
 */
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

/** Writes a name in upper and lower case at random: who can't see our question has to guess that too. */
export function randomiseCase(name: string): string {
  const bits = randomBytes(name.length);
  return [...name].map((char, at) => ((bits[at] ?? 0) & 1 ? char.toUpperCase() : char)).join('');
}

/**
 * @param sent our query. Its question has to come back as it was written.
 * @returns what the upstream said, null if this is no answer to our question, or `by-stream` if the
 * question has to be asked again over TCP: the answer was cut off, or its casing lost, by a forger or by a
 * careless upstream. Over TCP what is cut off all the same is `cut`.
 */
export function parseUpstreamAnswer(
  bytes: Buffer,
  sent: Buffer,
  over: Transport,
): UpstreamAnswer | 'by-stream' | 'cut' | null {
  const match = compareQuestions(bytes, sent);
  if (match === null || bytes.length > longestAnswer) return null;
  const isCut = ((bytes[2] ?? 0) & 0x02) !== 0;
  if (over === 'datagram' && (isCut || match === 'recased')) return 'by-stream';
  // There is no third way to ask: what is left of the answer is no answer.
  if (isCut) return 'cut';
  const message = parseBounded(bytes);
  if (message === null) return null;
  const name = (message.questions[0]?.name ?? '').toLowerCase();
  const { addresses, ttl } = followAliases(message, name);
  const { rcode } = message.header;
  return { rcode, addresses, ttl: addresses.length > 0 ? ttl : negativeTtl(message) };
}

function compareQuestions(bytes: Buffer, sent: Buffer): 'same' | 'recased' | null {
  const end = endOfQuestion(sent) ?? sent.length;
  if (bytes.length < end || bytes.readUInt16BE(0) !== sent.readUInt16BE(0)) return null;
  // An answer, to a query, with one question.
  if (((bytes[2] ?? 0) & 0xf8) !== 0x80 || bytes.readUInt16BE(4) !== 1) return null;
  const [theirs, ours] = [bytes.subarray(headerSize, end), sent.subarray(headerSize, end)];
  if (theirs.equals(ours)) return 'same';
  const lower = (question: Buffer) => question.toString('latin1').toLowerCase();
  return lower(theirs) === lower(ours) ? 'recased' : null;
}

/** What we have no use for is not decoded, and never more than a bounded number of records. */
function parseBounded(bytes: Buffer): DnsMessage | null {
  const copy = Buffer.from(bytes);
  const answers = copy.readUInt16BE(6);
  copy.writeUInt16BE(Math.min(answers, mostAnswers), 6);
  copy.writeUInt16BE(answers > mostAnswers ? 0 : Math.min(copy.readUInt16BE(8), mostAuthorities), 8);
  copy.writeUInt16BE(0, 10);
  const message = Packet.parse(copy);
  return message.errors.some(({ section }) => section === 'answers') ? null : message;
}

function followAliases(message: DnsMessage, name: string): { addresses: string[]; ttl: number } {
  const names = new Set([name]);
  let ttl = Number.POSITIVE_INFINITY;
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
  const addresses = new Set<string>();
  for (const record of message.answers) {
    if (record.type !== Packet.TYPE.A || record.address === undefined) continue;
    if (record.class !== Packet.CLASS.IN || !names.has(record.name.toLowerCase())) continue;
    addresses.add(record.address);
    ttl = Math.min(ttl, record.ttl);
  }
  return { addresses: [...addresses], ttl };
}

function negativeTtl(message: DnsMessage): number {
  const record = message.authorities.find(({ type }) => type === Packet.TYPE.SOA);
  const minimum = (record as { minimum?: number } | undefined)?.minimum;
  return record === undefined || minimum === undefined ? 0 : Math.min(record.ttl, minimum);
}
