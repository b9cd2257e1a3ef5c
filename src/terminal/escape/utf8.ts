/**
 * Source: the table of well-formed octet sequences in chapter 3 of the Unicode standard. Overlong forms, surrogates
 * and what lies above U+10FFFF are none, and U+0080 to U+009F count as none: those are C1 controls.
 * @returns octets of the character at `at`; 0 where there is none; null where the chunk ends inside of it.
 */
export function characterSize(chunk: Buffer, at: number): number | null {
  const lead = chunk[at] ?? 0;
  const size = lead < 0xc2 || lead > 0xf4 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  for (let next = 1; next < size; next++) {
    const octet = chunk[at + next];
    if (octet === undefined) return null;
    const [low, high] = next === 1 ? secondOctet(lead) : [0x80, 0xbf];
    if (octet < low || octet > high) return 0;
  }
  return size;
}

function secondOctet(lead: number): readonly [number, number] {
  return narrow[lead] ?? wide;
}

const wide = [0x80, 0xbf] as const;
const narrow: Readonly<Record<number, readonly [number, number]>> = {
  194: [0xa0, 0xbf],
  224: [0xa0, 0xbf],
  237: [0x80, 0x9f],
  240: [0x90, 0xbf],
  244: [0x80, 0x8f],
};
