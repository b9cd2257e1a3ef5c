// Usage: main.ts   with SEED, SEEDS, MINUTES, FAULTS in the environment: see scripts/chaos.
import { randomInt } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Box } from './box.ts';
import { engineProgram, output } from './exec.ts';
import { type FakeInternet, provesToHear, withFakeInternet } from './fake-internet.ts';
import { deck, faultsNamed } from './faults/deck.ts';
import type { Ground } from './faults/fault.ts';
import { renderTable } from './report.ts';
import type { Outcome } from './run-episode.ts';
import { runSeed } from './run-seed.ts';

const { SEED = `${Date.now() % 100_000}`, SEEDS = '1', MINUTES = '6', FAULTS = '' } = process.env;
const { CLOISTER_IMAGE: image = 'cloister:dev', CHAOS_NAME: name = `cloister-chaos-${process.pid}` } =
  process.env;
const root = join(import.meta.dirname, '../..');
const folder = join(root, 'build/chaos', name);

process.exitCode = await main();

async function main(): Promise<number> {
  const faults = FAULTS === '' ? deck : faultsNamed(FAULTS.split(','));
  mkdirSync(folder, { recursive: true });
  const outcomes: Outcome[] = [];
  const failures: string[] = [];
  await withFakeInternet({ name, image, folder }, async (internet) => {
    await provesToHear(internet, image);
    console.log('The canary hears every way out where there is no firewall.');
    const ground = await layGround(internet);
    try {
      for (let seed = Number(SEED); seed < Number(SEED) + Number(SEEDS); seed++) {
        const order = { seed, minutes: Number(MINUTES), faults };
        await runSeed(ground, order, (outcome) => outcomes.push(outcome)).catch((error: Error) => {
          failures.push(`seed ${seed} did not come to its end: ${error.message}`);
          console.log(failures.at(-1));
        });
      }
    } finally {
      await ground.box.remove();
      await ground.box.forget();
    }
  });
  process.stdout.write(renderTable(outcomes));
  const broken = outcomes.filter((outcome) => outcome.broken.length > 0).length;
  if (broken > 0) console.log(`Promises were broken in ${broken} of ${outcomes.length}.`);
  if (failures.length > 0) console.log(`${failures.length} of ${SEEDS} seeds did not come to an end.`);
  if (broken + failures.length > 0) return 1;
  console.log('All promises held.');
  return 0;
}

async function layGround(internet: FakeInternet): Promise<Ground> {
  const clock = await makeClock();
  const box = new Box({
    name: `${name}-box`,
    label: `cloister.test=${name}`,
    image,
    internet,
    clock,
    uid: randomInt(20_000, 50_000),
  });
  return { box, internet, folder, jump: (seconds) => setClock(clock, seconds) };
}

/** @returns a folder of the host's with the library that moves the clock of a box: see test/container/clock.bats. */
async function makeClock(): Promise<string> {
  const clock = join(folder, 'clock');
  mkdirSync(clock, { recursive: true });
  writeFileSync(join(clock, 'preload'), '/clock/clock.so\n');
  writeFileSync(join(clock, 'offset'), '0'.padStart(20, '0'));
  const mounts = ['--volume', `${clock}:/clock`, '--volume', `${root}/test/container/fixtures:/fixtures:ro`];
  const build = ['-O2', '-shared', '-fPIC', '-o', '/clock/clock.so', '/fixtures/clock.c'];
  await output(engineProgram, [
    'run',
    '--rm',
    '--network=none',
    ...mounts,
    '--entrypoint=gcc',
    image,
    ...build,
  ]);
  return clock;
}

/** Never shorter: every program of the box has it mapped. */
function setClock(clock: string, seconds: number): void {
  const file = openSync(join(clock, 'offset'), 'r+');
  const text = `${seconds < 0 ? '-' : ''}${`${Math.abs(seconds)}`.padStart(seconds < 0 ? 19 : 20, '0')}`;
  writeSync(file, text, 0);
  closeSync(file);
}
