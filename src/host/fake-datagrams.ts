import type { Datagrams, OpenDatagrams } from './datagrams.ts';

const size = 1232;

/** The fake of a socket that is read by the batch; a sender is a number. */
export class FakeDatagrams {
  /** What went out, in its order. */
  readonly sent: { to: number; octets: Buffer }[] = [];
  readonly #slots: Buffer[];
  readonly #lengths: Int32Array;
  readonly #senders: number[] = [];
  #heard: (count: number) => void = () => {
    throw new Error('nobody has opened the socket');
  };

  constructor(most = 4) {
    this.#slots = Array.from({ length: most }, () => Buffer.alloc(size));
    this.#lengths = new Int32Array(most);
  }

  readonly open: OpenDatagrams = (_, heard): Datagrams => {
    this.#heard = heard;
    return {
      slots: this.#slots,
      lengths: this.#lengths,
      sender: (slot) => this.#senders[slot] ?? Number.NaN,
      send: (octets, to) => void this.sent.push({ to, octets: Buffer.from(octets) }),
    };
  };

  /** Delivers one batch, over what the last one has left in the slots. */
  deliver(batch: readonly { from: number; octets: Buffer }[]): void {
    for (const [slot, { from, octets }] of batch.entries()) {
      this.#senders[slot] = from;
      this.#lengths[slot] = octets.copy(this.#slots[slot] as Buffer);
    }
    this.#heard(batch.length);
    for (const [slot, { from: to }] of batch.entries()) {
      const length = this.#lengths[slot] ?? 0;
      if (length > 0)
        this.sent.push({ to, octets: Buffer.from(this.#slots[slot] as Buffer).subarray(0, length) });
    }
  }
}
