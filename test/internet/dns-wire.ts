// The few words of the DNS protocol a server with one table needs. Written apart from the box's own
// resolver on purpose: a codec shared by both sides would hide its faults from every test.
import { isIPv4 } from 'node:net';

export const types = { A: 1, CNAME: 5, AAAA: 28, OPT: 41 } as const;
export const rcodes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const;

export interface Query {
  id: number;
  /** As asked, case kept, bytes outside the host name alphabet as `\DDD`. */
  name: string;
  type: number;
  /** Largest UDP answer the client takes, octets. */
  udpSize: number;
  edns: boolean;
  question: Buffer;
}

export interface Reply {
  id: number;
  rcode: number;
  question: Buffer;
  truncated: boolean;
  edns: boolean;
  ttl: number;
  cname?: string;
  addresses: readonly string[];
}

/** Returns nothing for what is no query with one whole question. */
export function parseQuery(message: Buffer): Query | undefined {
  if (message.length < 17 || (message.readUInt8(2) & 0x80) !== 0 || message.readUInt16BE(4) !== 1) return;
  const labels: string[] = [];
  let at = 12;
  while (message[at]) {
    const length = message[at] ?? 0;
    if (length > 63 || at + length + 6 > message.length) return;
    labels.push(escapeLabel(message.subarray(at + 1, at + 1 + length)));
    at += length + 1;
  }
  const end = at + 5;
  if (end > message.length) return;
  return {
    id: message.readUInt16BE(0),
    name: labels.join('.'),
    type: message.readUInt16BE(at + 1),
    question: message.subarray(12, end),
    ...parseEdns(message, end),
  };
}

export function renderReply(reply: Reply): Buffer {
  const records = reply.truncated ? [] : renderRecords(reply);
  const header = Buffer.alloc(12);
  header.writeUInt16BE(reply.id, 0);
  header.writeUInt16BE(0x8180 | (reply.truncated ? 0x0200 : 0) | reply.rcode, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  header.writeUInt16BE(reply.edns ? 1 : 0, 10);
  const opt = reply.edns ? [Buffer.from([0, 0, types.OPT, 0x10, 0, 0, 0, 0, 0, 0, 0])] : [];
  return Buffer.concat([header, reply.question, ...records, ...opt]);
}

/** A question for `name` of the same type: what a server answers that mixes up its clients. */
export function renderQuestion(name: string, type: number): Buffer {
  return Buffer.concat([renderName(name), renderUint16(type), renderUint16(1)]);
}

function parseEdns(message: Buffer, at: number): { edns: boolean; udpSize: number } {
  const isOpt = message.length >= at + 11 && message[at] === 0 && message.readUInt16BE(at + 1) === types.OPT;
  if (!isOpt) return { edns: false, udpSize: 512 };
  return { edns: true, udpSize: Math.max(512, message.readUInt16BE(at + 3)) };
}

function renderRecords({ cname, addresses, ttl }: Reply): Buffer[] {
  const asked = renderUint16(0xc00c);
  const owner = cname === undefined ? asked : renderName(cname);
  const alias = cname === undefined ? [] : [renderRecord(asked, types.CNAME, ttl, renderName(cname))];
  const answers = addresses.map((address) =>
    isIPv4(address)
      ? renderRecord(owner, types.A, ttl, Buffer.from(address.split('.').map(Number)))
      : renderRecord(owner, types.AAAA, ttl, renderIPv6(address)),
  );
  return [...alias, ...answers];
}

function renderRecord(owner: Buffer, type: number, ttl: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(ttl, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([owner, fixed, data]);
}

function renderName(name: string): Buffer {
  const labels = name.split('.').filter(Boolean);
  return Buffer.concat([
    ...labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')])),
    Buffer.from([0]),
  ]);
}

function renderIPv6(address: string): Buffer {
  const [head = '', tail = ''] = address.split('::');
  const groups = (text: string) => text.split(':').filter(Boolean);
  const gap = 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array<string>(gap).fill('0'), ...groups(tail)];
  return Buffer.concat(all.map((group) => renderUint16(Number.parseInt(group, 16))));
}

function renderUint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

function escapeLabel(label: Buffer): string {
  return [...label]
    .map((byte) =>
      /[\w-]/.test(String.fromCharCode(byte))
        ? String.fromCharCode(byte)
        : `\\${byte.toString().padStart(3, '0')}`,
    )
    .join('');
}
