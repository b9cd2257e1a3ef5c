import { createRequire } from 'node:module';

/** What Node lacks to be quick with datagrams: see native/datagrams.c. */
interface DatagramCalls {
  open(descriptor: number, listener: (count: number) => void): { slots: Buffer; lengths: Int32Array };
  sender(slot: number): number;
  send(answer: Buffer, to: number): void;
}

/** A UDP socket whose datagrams come by the batch, each in a slot of memory that the next batch uses again. */
export interface Datagrams {
  /** As many as a batch may have. What is longer than a slot never comes, and is never sent. */
  readonly slots: readonly Buffer[];
  /** Octets in each slot: of what came, 0 where it is to be passed over. */
  readonly lengths: Int32Array;
  /** @returns whom the slot's datagram came from, in a form that outlives the batch. */
  sender(slot: number): number;
  /** Sends what was not ready in time. What the kernel has no room for is lost. */
  send(answer: Buffer, to: number): void;
}

/**
 * Opens the bound socket behind a descriptor. For each batch `heard` is told how many slots are filled; it leaves in
 * every one of them the answer, and in `lengths` the octets of it, 0 for none.
 */
export type OpenDatagrams = (descriptor: number, heard: (count: number) => void) => Datagrams;

/** Throws where the addon is missing. A process may open one socket. */
export function loadDatagrams(): OpenDatagrams {
  const calls = createRequire(import.meta.url)('./datagrams.node') as DatagramCalls;
  return (descriptor, heard) => {
    const { slots, lengths } = calls.open(descriptor, heard);
    const size = slots.length / lengths.length;
    const cut = (_: unknown, at: number) => slots.subarray(at * size, (at + 1) * size);
    return { slots: Array.from(lengths, cut), lengths, sender: calls.sender, send: calls.send };
  };
}
