import Packet from 'dns2/packet';

export const types = {
  A: 1,
  NS: 2,
  CNAME: 5,
  NULL: 10,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  SVCB: 64,
  HTTPS: 65,
  AXFR: 252,
  ANY: 255,
};

/** A query as a client writes it; with `edns`, the datagram size it takes. */
export function query(name: string, type = 1, options: { id?: number; edns?: number } = {}): Buffer {
  const message = new Packet();
  message.header.id = options.id ?? 7;
  message.header.rd = 1;
  message.questions.push({ name, type, class: 1 } as never);
  if (options.edns !== undefined) {
    message.additionals.push(Packet.Resource.EDNS([], { udpPayloadSize: options.edns }));
  }
  return message.toBuffer();
}

export interface Record {
  readonly name: string;
  readonly type: number;
  readonly ttl?: number;
  readonly address?: string;
  readonly domain?: string;
}

/** An upstream's answer. */
export function upstream(
  name: string,
  records: readonly Record[],
  header: { id?: number; qr?: number; tc?: number; rcode?: number; type?: number } = {},
): Buffer {
  const message = new Packet();
  Object.assign(message.header, { id: 9, qr: 1, ...header });
  message.questions.push({ name, type: header.type ?? 1, class: 1 } as never);
  for (const record of records) message.answers.push({ class: 1, ttl: 60, ...record } as never);
  return message.toBuffer();
}

/** The explanation (RFC 8914) in an answer: its code and text, or null. */
export function explanationOf(bytes: Buffer): { code: number; text: string } | null {
  const option = Packet.parse(bytes).additionals.find((record) => record.type === Packet.TYPE.EDNS) as
    | { rdata?: { ednsCode: number; infoCode?: number; extraText?: string }[] }
    | undefined;
  const found = option?.rdata?.find(({ ednsCode }) => ednsCode === 15);
  return found === undefined ? null : { code: found.infoCode ?? -1, text: found.extraText ?? '' };
}
