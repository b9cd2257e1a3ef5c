import { isIPv4 } from 'node:net';
import type { Pin } from './pins.ts';

/** Of linux/netlink.h, linux/netfilter/nfnetlink.h and linux/netfilter/nf_tables.h. */
const request = 0x001;
const acknowledged = 0x004;
const create = 0x400;
const batchBegin = 0x10;
const batchEnd = 0x11;
const nfTables = 10;
const newElements = (nfTables << 8) | 12;
const deleteElements = (nfTables << 8) | 14;
const [listTable, listSet, listElements] = [1, 2, 3];
const elementKey = 1;
const dataValue = 1;
const nested = 0x8000;
const anyFamily = 0;
const ipv4 = 2;

/** One transaction of the kernel's: all of it happens, or nothing. */
export interface PinBatch {
  readonly octets: Buffer;
  /** The sequence numbers of its messages. A transaction that fails as a whole is told with the first. */
  readonly sequence: readonly number[];
  /** Those of the messages that the kernel confirms. */
  readonly confirmed: readonly number[];
}

/**
 * Renders a change of the set of pins for the kernel itself, over netlink (nfnetlink batch, as nft(8) sends it), with
 * sequence numbers from `first` on. Every machine the image is built for has its lowest octet first.
 */
export function renderPinBatch(
  { add, remove }: { readonly add: readonly Pin[]; readonly remove: readonly Pin[] },
  first: number,
): PinBatch {
  const changes = [
    ...(remove.length === 0 ? [] : [{ type: deleteElements, flags: request | acknowledged, pins: remove }]),
    ...(add.length === 0 ? [] : [{ type: newElements, flags: request | acknowledged | create, pins: add }]),
  ];
  const sequence = Array.from({ length: changes.length + 2 }, (_, index) => (first + index) >>> 0);
  const edge = { flags: request, family: anyFamily, resource: nfTables, body: Buffer.alloc(0) };
  const messages = [
    { ...edge, type: batchBegin },
    ...changes.map((each) => ({ ...each, family: ipv4, resource: 0, body: bodyOf(each.pins) })),
    { ...edge, type: batchEnd },
  ];
  const octets = messages.map((message, index) => renderMessage(message, sequence[index] ?? 0));
  return { octets: Buffer.concat(octets), sequence, confirmed: sequence.slice(1, -1) };
}

interface Message {
  readonly type: number;
  readonly flags: number;
  readonly family: number;
  readonly resource: number;
  readonly body: Buffer;
}

function renderMessage({ type, flags, family, resource, body }: Message, sequence: number): Buffer {
  const head = Buffer.alloc(20);
  head.writeUInt32LE(head.length + body.length, 0);
  head.writeUInt16LE(type, 4);
  head.writeUInt16LE(flags, 6);
  head.writeUInt32LE(sequence, 8);
  head.writeUInt8(family, 16);
  head.writeUInt16BE(resource, 18);
  return Buffer.concat([head, body]);
}

function bodyOf(pins: readonly Pin[]): Buffer {
  const elements = pins.map((pin, index) =>
    attribute(nested | (index + 1), attribute(nested | elementKey, attribute(dataValue, keyOf(pin)))),
  );
  return Buffer.concat([
    attribute(listTable, Buffer.from('cloister\0')),
    attribute(listSet, Buffer.from('pins\0')),
    attribute(nested | listElements, Buffer.concat(elements)),
  ]);
}

/** A key of several fields has each in network order, filled up to four octets. */
function keyOf({ address, port }: Pin): Buffer {
  if (!isIPv4(address)) throw new TypeError('a pin has to be an IPv4 address');
  const key = Buffer.from([...address.split('.').map(Number), 0, 0, 0, 0]);
  key.writeUInt16BE(port, 4);
  return key;
}

function attribute(type: number, content: Buffer): Buffer {
  const length = 4 + content.length;
  const octets = Buffer.alloc(Math.ceil(length / 4) * 4);
  octets.writeUInt16LE(length, 0);
  octets.writeUInt16LE(type, 2);
  content.copy(octets, 4);
  return octets;
}
