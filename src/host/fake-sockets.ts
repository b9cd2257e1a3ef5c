import { acknowledge } from './fake-netfilter.ts';
import type { Host, NetlinkAnswer } from './host.ts';

type SocketCalls = Pick<
  Host,
  'bindSockets' | 'bindStream' | 'receiveLines' | 'serve' | 'ask' | 'tellNetfilter'
>;

/** The recording fake of a machine's sockets. */
export class FakeSockets implements SocketCalls {
  readonly bound: { address: string; port: number }[] = [];
  /** Who takes lines on which Unix socket. */
  readonly listeners = new Map<string, (line: string) => void>();
  /** Who answers on which Unix socket. */
  readonly served = new Map<string, (line: string) => Promise<string>>();
  /** Set to make every attempt to bind fail with it. */
  refusal: Error | undefined;
  /** What the kernel's packet filter was told over netlink. */
  readonly told: Buffer[] = [];
  /** Answers it. */
  netfilter: (messages: Buffer) => NetlinkAnswer[] = acknowledge;
  readonly #note: (line: string) => void;

  constructor(note: (line: string) => void) {
    this.#note = note;
  }

  /** The part of a host that they are. */
  calls(): SocketCalls {
    return {
      bindSockets: (address, port) => this.bindSockets(address, port),
      bindStream: (address, port) => this.bindStream(address, port),
      receiveLines: (path, listener) => this.receiveLines(path, listener),
      serve: (path, answer) => this.serve(path, answer),
      ask: (path, line) => this.ask(path, line),
      tellNetfilter: (messages) => this.tellNetfilter(messages),
    };
  }

  bindSockets(address: string, port: number): { udp: number; tcp: number } {
    this.#bind(address, port);
    return { udp: 10, tcp: 11 };
  }

  bindStream(address: string, port: number): number {
    this.#bind(address, port);
    return 12;
  }

  receiveLines(path: string, listener: (line: string) => void): void {
    this.#note(`listen ${path}`);
    this.listeners.set(path, listener);
  }

  serve(path: string, answer: (line: string) => Promise<string>): void {
    this.#note(`serve ${path}`);
    this.served.set(path, answer);
  }

  async ask(path: string, line: string): Promise<string> {
    const answer = this.served.get(path);
    if (answer === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
    return answer(line);
  }

  tellNetfilter(messages: Uint8Array): NetlinkAnswer[] {
    this.#note('tell netfilter');
    this.told.push(Buffer.from(messages));
    return this.netfilter(Buffer.from(messages));
  }

  #bind(address: string, port: number): void {
    if (this.refusal !== undefined) throw this.refusal;
    this.#note(`bind ${address}:${port}`);
    this.bound.push({ address, port });
  }
}
