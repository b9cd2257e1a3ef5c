import { describe, expect, test } from 'vitest';
import { acknowledge, refuseWith, renderAnswer } from '../../../../../src/host/fake-netfilter.ts';
import { findRefusal } from '../../../../../src/network/firewall/pins/batch-answer.ts';
import { renderPinBatch } from '../../../../../src/network/firewall/pins/pin-batch.ts';

const first = { address: '198.51.100.1', port: 443 };
const second = { address: '198.51.100.2', port: 443 };
const third = { address: '198.51.100.3', port: 8443 };

describe('a change of the pins for the kernel', () => {
  // What nft 1.1.3 sends for the same two lines, but for two things: it wants no answers (flags 01 and 0401), and
  // names the set by a number of its own as well, which the kernel needs for sets of the same transaction alone.
  const golden = `
    14000000 1000 0100 00000000 00000000 00 00 000a
    48000000 0e0a 0500 01000000 00000000 02 00 0000
      0d00 0100 636c6f69737465 7200 000000
      0900 0200 70696e7300 000000
      1800 0380 1400 0180 1000 0180 0c00 0100 c6336401 01bb0000
    5c000000 0c0a 0504 02000000 00000000 02 00 0000
      0d00 0100 636c6f69737465 7200 000000
      0900 0200 70696e7300 000000
      2c00 0380 1400 0180 1000 0180 0c00 0100 c6336402 01bb0000
                1400 0280 1000 0180 0c00 0100 c6336403 20fb0000
    14000000 1100 0100 03000000 00000000 00 00 000a`;

  test('is one transaction that removes and adds, octet by octet', () => {
    const batch = renderPinBatch({ remove: [first], add: [second, third] }, 0);
    expect(batch.octets.toString('hex')).toBe(golden.replace(/\s/g, ''));
    expect(batch).toMatchObject({ sequence: [0, 1, 2, 3], confirmed: [1, 2] });
  });

  test.each([
    ['only adds', { add: [first], remove: [] }, [0x10, 0x0a0c, 0x11]],
    ['only removes', { add: [], remove: [first] }, [0x10, 0x0a0e, 0x11]],
    ['changes nothing', { add: [], remove: [] }, [0x10, 0x11]],
  ])('has no empty message where it %s', (_, change, types) => {
    const { octets, confirmed } = renderPinBatch(change, 7);
    expect(messagesOf(octets).map((message) => message.readUInt16LE(4))).toEqual(types);
    expect(confirmed).toHaveLength(types.length - 2);
  });

  test('goes on counting at 0 where the sequence numbers end', () => {
    const { octets, sequence } = renderPinBatch({ add: [first], remove: [] }, 0xffff_ffff);
    expect(sequence).toEqual([0xffff_ffff, 0, 1]);
    expect(messagesOf(octets).map((message) => message.readUInt32LE(8))).toEqual(sequence);
  });

  test('holds a thousand pins, every length in its place', () => {
    const add = Array.from({ length: 1000 }, (_, index) => ({
      address: `198.18.${index >> 8}.${index & 255}`,
      port: 443,
    }));
    const [, message = Buffer.alloc(0)] = messagesOf(renderPinBatch({ add, remove: [] }, 1).octets);
    expect(message.length).toBe(20 + 16 + 12 + 4 + 1000 * 20);
    expect(message.readUInt16LE(48)).toBe(4 + 1000 * 20);
    expect(message.subarray(-8).toString('hex')).toBe('c61203e701bb0000');
  });

  test.each(['0.0.0.0/0', '198.51.100', '::1', '198.51.100.256', ''])(
    'is not made for %j, which is no address',
    (address) => {
      expect(() => renderPinBatch({ add: [{ address, port: 443 }], remove: [] }, 1)).toThrow('IPv4');
    },
  );

  test.each([-1, 65_536])('is not made for %d, which is no port', (port) => {
    expect(() => renderPinBatch({ add: [{ ...first, port }], remove: [] }, 1)).toThrow();
  });
});

describe('what the kernel answers', () => {
  const batch = renderPinBatch({ remove: [first], add: [second] }, 10);
  const [begin = 0, remove = 0, add = 0] = batch.sequence;
  const yes = acknowledge(batch.octets);
  const missing = -2;
  const refused = (sequence: number, error = missing) => renderAnswer({ sequence, error: -error });
  const whole = (...sequences: number[]) =>
    Buffer.concat(sequences.map((sequence) => renderAnswer({ sequence, error: 0 }).octets));

  test('is a success where each message is confirmed, in any order and in one datagram or several', () => {
    expect(findRefusal(yes, batch)).toBeNull();
    expect(findRefusal(yes.toReversed(), batch)).toBeNull();
    expect(findRefusal([{ from: 0, octets: whole(remove, add) }], batch)).toBeNull();
  });

  test('is a refusal where one message is refused, whatever else is confirmed', () => {
    const why = 'the kernel refused the change of the pins: ENOENT, no such file or directory';
    expect(findRefusal([refused(remove), ...yes], batch)).toBe(why);
    expect(findRefusal([...yes, refused(add)], batch)).toBe(why);
    expect(findRefusal(refuseWith(2)(batch.octets), batch)).toBe(why);
  });

  test('is a refusal where the transaction as a whole is refused', () => {
    expect(findRefusal([refused(begin, -12), ...yes], batch)).toContain('ENOMEM');
  });

  test('names the first of several errors', () => {
    expect(findRefusal([refused(remove, -28), refused(add, -1)], batch)).toContain('ENOSPC');
  });

  test.each([
    ['an error nobody knows', -12_345, '-12345'],
    ['the least number there is', -2_147_483_648, '-2147483648'],
    ['an error that is none', 7, 'error 7'],
  ])('is a refusal with %s', (_, error, text) => {
    expect(findRefusal([...yes, refused(add, error)], batch)).toContain(text);
  });

  const unheard = 'the kernel did not confirm the change of the pins';
  test.each([
    ['nothing', []],
    ['one message of two', yes.slice(1)],
    [
      'the last batch',
      renderPinBatch({ remove: [first], add: [second] }, 6).confirmed.map((n) => refused(n, 0)),
    ],
    ['nothing but the batch itself', [refused(begin, 0)]],
    ['all, but in another process', yes.map((answer) => ({ ...answer, from: 4711 }))],
    ['nothing that is whole', yes.map(({ octets }) => ({ from: 0, octets: octets.subarray(0, 19) }))],
    ['in datagrams cut short', yes.map(({ octets }) => ({ from: 0, octets: octets.subarray(0, 30) }))],
    ['in empty datagrams', yes.map(() => ({ from: 0, octets: Buffer.alloc(0) }))],
    ['in messages of another type', yes.map((answer) => changed(answer.octets, 4, 3))],
    ['in messages shorter than their head', yes.map((answer) => changed(answer.octets, 0, 15))],
    ['in messages of no length', yes.map((answer) => changed(answer.octets, 0, 0))],
  ])('counts as no confirmation where it confirms %s', (_, answers) => {
    expect(findRefusal(answers, batch)).toBe(unheard);
  });

  test('is believed of the kernel alone, also where another process says no', () => {
    const forged = { ...refused(add), from: 4711 };
    expect(findRefusal([forged, ...yes], batch)).toBeNull();
  });

  test('is not disturbed by an error of an earlier batch', () => {
    expect(findRefusal([refused(begin - 1), ...yes], batch)).toBeNull();
  });
});

/** The octet at a place set to another value, in an answer of the kernel's. */
function changed(octets: Buffer, at: number, value: number) {
  const other = Buffer.from(octets);
  other[at] = value;
  return { from: 0, octets: other };
}

function messagesOf(octets: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < octets.length; at += octets.readUInt32LE(at))
    found.push(octets.subarray(at, at + octets.readUInt32LE(at)));
  return found;
}
