/** Octets of a sequence after which its end is no longer waited for: nothing may hide what follows for ever. */
export const longestWait = 1024 * 1024;

const [bell, cancel, substitute, esc, backslash] = [0x07, 0x18, 0x1a, 0x1b, 0x5c];

/**
 * What an octet is to the sequence that is being read: one of it, its last, none of it (to be read anew as text), or
 * its cancellation. `anew`: the ESC before it cut the sequence short and began another one, which it belongs to.
 */
export type Progress = 'more' | 'last' | 'stray' | 'cancel' | 'anew';

/** The syntax of escape sequences, octet by octet: ECMA-48 with the commands (OSC) of xterm, which BEL ends as well. */
export class Sequence {
  /** Octets so far. */
  length = 0;
  #read: (octet: number) => Progress = this.#escape;
  #mayEnd = false;

  /** An ESC was read. */
  begin(): void {
    this.length = 1;
    this.#read = this.#escape;
    this.#mayEnd = false;
  }

  take(octet: number): Progress {
    this.length++;
    if (octet === cancel || octet === substitute || this.length > longestWait) return 'cancel';
    return this.#read(octet);
  }

  #escape(octet: number): Progress {
    const next = this.#introduced(octet);
    if (next === null) return this.#plain(octet);
    this.#read = next;
    return 'more';
  }

  #introduced(octet: number): ((octet: number) => Progress) | null {
    if (octet === 0x5b) return this.#control;
    if (octet === 0x5d) return this.#command;
    // DCS, SOS, PM, APC.
    return [0x50, 0x58, 0x5e, 0x5f].includes(octet) ? this.#string : null;
  }

  /** ESC, intermediate octets, and a final one. */
  #plain(octet: number): Progress {
    this.#read = this.#plain;
    if (octet >= 0x20 && octet < 0x30) return 'more';
    return octet >= 0x30 && octet < 0x7f ? 'last' : 'stray';
  }

  /** CSI, parameters and intermediate octets in any order, and a final one. */
  #control(octet: number): Progress {
    if (octet >= 0x20 && octet < 0x40) return 'more';
    return octet >= 0x40 && octet < 0x7f ? 'last' : 'stray';
  }

  #command(octet: number): Progress {
    if (octet === bell && !this.#mayEnd) return 'last';
    return octet < 0x20 && octet !== esc && !this.#mayEnd ? 'stray' : this.#string(octet);
  }

  /** Up to ST. */
  #string(octet: number): Progress {
    if (!this.#mayEnd) {
      this.#mayEnd = octet === esc;
      return 'more';
    }
    if (octet === backslash) return 'last';
    this.begin();
    return 'anew';
  }
}
