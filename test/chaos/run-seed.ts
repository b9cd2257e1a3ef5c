import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './box.ts';
import type { Fault, Ground } from './faults/fault.ts';
import { isWhole } from './judge.ts';
import { planEpisodes } from './plan.ts';
import { renderLine } from './report.ts';
import { type Outcome, runEpisode } from './run-episode.ts';
import { Watcher } from './watcher.ts';
import { Work } from './work.ts';

/** Milliseconds a box has to be well for the first time, Claude's screen and all. */
const firstWell = 480_000;

/** Deals the seed's faults to a new box until its time is over; the last of it is a stop, and the work comes back. */
export async function runSeed(
  ground: Ground,
  { seed, minutes, faults }: { seed: number; minutes: number; faults: readonly Fault[] },
  tell: (outcome: Outcome) => void,
): Promise<void> {
  const { box } = ground;
  await prepare(ground);
  const broken: string[] = [];
  const work = new Work(box, seed);
  const watcher = new Watcher(box, work, (what) => broken.push(what));
  watcher.start();
  try {
    const well = await watcher.until(isWhole, Date.now() + firstWell);
    if (well === null) throw new Error('the box was never well');
    const began = Date.now();
    let dealtSome = false;
    for (const episode of planEpisodes(seed, faults)) {
      const isLast = dealtSome && Date.now() - began > minutes * 60_000;
      const dealt = isLast ? lastEpisode : episode;
      const at = Math.round((Date.now() - began) / 1000);
      const outcome = await runEpisode(dealt, { ground, watcher, work, broken });
      tell(outcome);
      console.log(renderLine(seed, at, outcome));
      if (outcome.broken.length > 0) await keepLog(ground, `${seed}-${at}`);
      if (isLast) return;
      dealtSome = true;
    }
  } finally {
    await watcher.stop();
  }
}

const lastEpisode = { faults: [], seconds: 0, restart: 'stopped and made anew' } as const;

async function prepare({ box, internet, jump }: Ground): Promise<void> {
  jump(0);
  await internet.ask('DELETE', '/dns/zone');
  await internet.ask('PUT', '/anthropic/script', { turns: [] });
  await internet.ask('PUT', `/github/repos/${repository}`, {
    isPrivate: true,
    files: { 'README.md': '# chaos\n', 'src/a.js': 'a\n' },
  });
  await box.remove();
  await box.forget();
  await box.boot();
}

/** Of a box that broke a promise, before the next one writes over it. */
async function keepLog({ box, folder }: Ground, name: string): Promise<void> {
  writeFileSync(join(folder, `log-${name}`), await box.log());
}
