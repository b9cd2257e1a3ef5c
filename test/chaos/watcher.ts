import { setTimeout as sleep } from 'node:timers/promises';
import { type Box, repository } from './box.ts';
import { heardOutside } from './fake-internet.ts';
import { judgeLook, judgeRescue, judgeTruth, patience } from './judge.ts';
import type { Look, StatusSeen } from './look.ts';
import type { Work } from './work.ts';

/** Milliseconds between two looks. */
const pause = 1500;
/** Milliseconds after which a rescue that began before the work has long ended. */
const old = 60_000 * patience;

/** Looks at the box all the time from outside of it, and goes on with the agent's work and its tries to send. */
export class Watcher {
  readonly #box: Box;
  readonly #work: Work;
  readonly #broken: (what: string) => void;
  #looks: Look[] = [];
  #running: Promise<void> | null = null;
  #stopping = false;
  #turns = 0;

  constructor(box: Box, work: Work, broken: (what: string) => void) {
    this.#box = box;
    this.#work = work;
    this.#broken = broken;
  }

  get looks(): readonly Look[] {
    return this.#looks;
  }

  /** Forgets what was seen: another fault begins. */
  forget(): void {
    this.#looks = [];
  }

  start(): void {
    this.#stopping = false;
    this.#running = this.#watch();
  }

  /** Resolves once nothing of it runs any more. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  /** @returns the first look from now on that is as told; null where there was none in time. */
  async until(isSo: (look: Look) => boolean, deadline: number): Promise<Look | null> {
    const from = Date.now();
    for (;;) {
      const found = this.#looks.find((look) => look.at >= from && isSo(look));
      if (found !== undefined) return found;
      if (Date.now() > deadline) return null;
      await sleep(100);
    }
  }

  async #watch(): Promise<void> {
    while (!this.#stopping) {
      const look = await this.#box.look();
      this.#looks.push(look);
      for (const broken of [...judgeLook(this.#looks), ...judgeTruth(this.#looks)]) this.#broken(broken);
      await this.#listen();
      this.#turns += 1;
      if (this.#turns % 2 === 0) await this.#work.step();
      if (this.#turns % 5 === 0 && look.status !== null) await this.#askRemote(look.status);
      await sleep(pause);
    }
  }

  async #askRemote({ rescue }: StatusSeen): Promise<void> {
    const { refs } = (await this.#box.parts.internet.ask('GET', `/github/repos/${repository}`)) as {
      refs: Record<string, string>;
    };
    for (const broken of judgeRescue(rescue, Object.keys(refs), this.#work.wasThere(old)))
      this.#broken(broken);
  }

  /** Hears what got out, and has the agent go on trying: as its user, whose programs may be ended, and as another one. */
  async #listen(): Promise<void> {
    const { internet, uid } = this.#box.parts;
    for (const way of await heardOutside(internet)) this.#broken(`the canary heard: ${way}`);
    const tries = ['python3', '/chaos/try-out.py', internet.allowed, internet.canary];
    const { code } = await this.#box.root(`pgrep -u ${uid} -f [t]ry-out.py`);
    if (code !== 0) void this.#box.as(uid, [...tries, '40'], { timeout: 120_000 });
    if (this.#turns % 3 === 0) void this.#box.as(61_234, [...tries, '1'], { timeout: 30_000 });
  }
}
