import { Sequence } from './sequence.ts';
import { characterSize } from './utf8.ts';

/** Octets of the longest sequence that is judged, which is one for the clipboard. A longer one is left out. */
export const longestSequence = 128 * 1024;

const esc = 0x1b;
/** BEL, BS, HT, LF, CR, SO, SI, and the graphic characters of ASCII: what a screen is drawn with. */
const isText = Uint8Array.from({ length: 256 }, (_, octet) =>
  (octet >= 0x20 && octet < 0x7f) || [7, 8, 9, 10, 13, 14, 15].includes(octet) ? 1 : 0,
);

/**
 * Takes a stream for a terminal apart into text and escape sequences, however it is chunked, and lets through text
 * and those whole sequences that `passes` accepts, octet for octet. What is not well-formed UTF-8, the C1 controls in
 * both their forms and the C0 controls that draw nothing are left out. So, whatever comes in, a terminal that reads
 * UTF-8 stands between two sequences after every chunk that comes out.
 */
export class EscapeFilter {
  readonly #passes: (sequence: Buffer) => boolean;
  readonly #sequence = new Sequence();
  #inside = false;
  /** What earlier chunks had of the sequence. */
  readonly #held = Buffer.alloc(longestSequence);
  #heldLength = 0;
  /** What the last chunk had of a character. */
  #character: Buffer = Buffer.alloc(0);
  #chunk: Buffer = this.#character;
  #at = 0;
  /** Where in the chunk the sequence began, or 0 for an earlier chunk. */
  #start = 0;
  /** Where what passes began: it is not copied piece by piece. */
  #from = 0;
  #out: Buffer[] = [];

  constructor(passes: (sequence: Buffer) => boolean) {
    this.#passes = passes;
  }

  /** @returns what may go to the terminal by now; it may share its memory with `input`. */
  take(input: Buffer): Buffer {
    this.#chunk = this.#character.length === 0 ? input : Buffer.concat([this.#character, input]);
    this.#character = Buffer.alloc(0);
    this.#at = this.#start = this.#from = 0;
    while (this.#at < this.#chunk.length) {
      if (this.#inside) this.#readSequence();
      else this.#readText();
    }
    if (this.#inside) this.#hold();
    this.#leaveOut(this.#chunk.length, this.#chunk.length);
    const out = this.#out.length === 1 ? (this.#out[0] as Buffer) : Buffer.concat(this.#out);
    this.#out = [];
    return out;
  }

  #readText(): void {
    const chunk = this.#chunk;
    let at = this.#at;
    while (at < chunk.length && isText[chunk[at] as number] === 1) at++;
    this.#at = at;
    if (at === chunk.length) return;
    const size = characterSize(chunk, at);
    if (chunk[at] === esc) this.#begin(at);
    else if (size === null) this.#holdCharacter();
    else if (size > 0) this.#at = at + size;
    else this.#leaveOut(at, at + 1);
  }

  #begin(at: number): void {
    this.#sequence.begin();
    this.#inside = true;
    this.#heldLength = 0;
    this.#start = at;
    this.#at = at + 1;
  }

  #readSequence(): void {
    const at = this.#at;
    const progress = this.#sequence.take(this.#chunk[at] ?? 0);
    if (progress === 'more') this.#at++;
    else if (progress === 'anew') this.#startAnew();
    else {
      this.#inside = false;
      if (progress === 'last') this.#judge(at + 1);
      else this.#leaveOut(this.#start, progress === 'stray' ? at : at + 1);
    }
  }

  /** The octet before this one began another sequence. */
  #startAnew(): void {
    if (this.#at > 0) {
      this.#inside = false;
      this.#leaveOut(this.#start, this.#at - 1);
    } else {
      this.#held[0] = esc;
      this.#heldLength = 1;
    }
  }

  #judge(end: number): void {
    const here = this.#chunk.subarray(this.#start, end);
    const whole =
      this.#heldLength === 0 ? here : Buffer.concat([this.#held.subarray(0, this.#heldLength), here]);
    const passes = this.#sequence.length <= longestSequence && this.#passes(whole);
    this.#at = end;
    if (passes && this.#heldLength === 0) return;
    this.#leaveOut(this.#start, end);
    if (passes) this.#out.push(whole);
  }

  /** What lies between the two indices does not pass; what was read before `until` does. */
  #leaveOut(until: number, next: number): void {
    if (until > this.#from) this.#out.push(this.#chunk.subarray(this.#from, until));
    this.#from = this.#at = next;
  }

  #hold(): void {
    this.#leaveOut(this.#start, this.#start);
    this.#chunk.copy(this.#held, this.#heldLength, this.#start);
    this.#heldLength = Math.min(longestSequence, this.#heldLength + this.#chunk.length - this.#start);
    this.#from = this.#chunk.length;
  }

  #holdCharacter(): void {
    this.#character = Buffer.from(this.#chunk.subarray(this.#at));
    this.#leaveOut(this.#at, this.#chunk.length);
  }
}
