import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { parseQuery, type Query, rcodes, renderQuestion, renderReply, types } from './dns-wire.ts';
import type { Journal } from './journal.ts';
import type { Answer, Zone } from './zone.ts';

export interface DnsQuery {
  name: string;
  type: string;
  transport: 'udp' | 'tcp';
  source: string;
  /** The whole query, as it came. */
  hex: string;
}

export interface DnsOptions {
  zone: Zone;
  journal: Journal<DnsQuery>;
}

const typeNames = new Map([
  [1, 'A'], [2, 'NS'], [5, 'CNAME'], [6, 'SOA'], [10, 'NULL'], [12, 'PTR'], [15, 'MX'], [16, 'TXT'],
  [28, 'AAAA'], [33, 'SRV'], [64, 'SVCB'], [65, 'HTTPS'], [252, 'AXFR'], [255, 'ANY'],
]); // biome-ignore format: a table

/** Serves UDP port 53 of one address. */
export async function startDnsUdp(address: string, options: DnsOptions): Promise<void> {
  const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4', reuseAddr: true });
  socket.on('message', (message, peer) => {
    const from = { transport: 'udp', source: `${peer.address}#${peer.port}` } as const;
    void answer(message, from, options).then((reply) => {
      if (reply) socket.send(reply, peer.port, peer.address);
    });
  });
  socket.bind(53, address);
  await once(socket, 'listening');
  // A client whose address cannot be reached any more is no reason to end.
  socket.on('error', () => {});
}

/** Serves one TCP connection, query after query, each with its length before it. */
export function serveDnsTcp(socket: Socket, options: DnsOptions): void {
  const source = `${socket.remoteAddress?.replace(/^::ffff:/, '')}#${socket.remotePort}`;
  let pending = Buffer.alloc(0);
  const answerAll = async (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 2 && pending.length >= pending.readUInt16BE(0) + 2) {
      const message = pending.subarray(2, pending.readUInt16BE(0) + 2);
      pending = pending.subarray(message.length + 2);
      const reply = await answer(message, { transport: 'tcp', source }, options);
      if (reply && socket.writable) socket.write(Buffer.concat([lengthOf(reply), reply]));
    }
  };
  socket.on('data', (chunk: Buffer) => void answerAll(chunk));
  socket.on('error', () => socket.destroy());
}

async function answer(
  message: Buffer,
  from: Pick<DnsQuery, 'transport' | 'source'>,
  { zone, journal }: DnsOptions,
): Promise<Buffer | undefined> {
  const query = parseQuery(message);
  if (query === undefined) return undefined;
  const type = typeNames.get(query.type) ?? `TYPE${query.type}`;
  // Resolvers may write a name in any case, to be hard to forge; what is looked for in the journal has one spelling.
  journal.add({ name: query.name.toLowerCase(), type, ...from, hex: message.toString('hex') });
  const found = zone.answer(query.name, type === 'A' || type === 'AAAA' ? type : 'other');
  if (found.entry.delayMs) await wait(found.entry.delayMs);
  return found.entry.drop ? undefined : render(query, found, from.transport);
}

function render(query: Query, { entry, cname, addresses, missing }: Answer, transport: string): Buffer {
  const reply = {
    id: entry.lieAboutId ? query.id ^ 0x5555 : query.id,
    rcode: entry.rcode ?? (missing ? rcodes.NXDOMAIN : rcodes.NOERROR),
    question: entry.wrongQuestion ? renderQuestion('elsewhere.test', query.type) : query.question,
    truncated: transport === 'udp' && entry.truncate === true,
    edns: query.edns,
    ttl: entry.ttl ?? 60,
    addresses: entry.rcode ? [] : addresses,
    ...(cname !== undefined && query.type !== types.OPT ? { cname } : {}),
  };
  const whole = renderReply(reply);
  const fits = transport === 'tcp' || whole.length <= query.udpSize;
  return fits ? whole : renderReply({ ...reply, truncated: true });
}

function lengthOf(message: Buffer): Buffer {
  return Buffer.from([message.length >> 8, message.length & 0xff]);
}
