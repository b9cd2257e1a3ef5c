import type { Box } from './box.ts';
import { engine } from './exec.ts';
import type { Restart } from './plan.ts';
import type { Work } from './work.ts';

export interface Restored {
  /** States of the work that did not come back, of those that were to. */
  readonly lost: number;
  readonly broken: readonly string[];
}

/** Ends the container and brings the box back, and compares the work to the octet with what was there. */
export async function restart(box: Box, work: Work, how: Restart): Promise<Restored> {
  const before = await work.look();
  const ended = await end(box, how);
  const log = await box.log();
  if (how === 'restarted') await box.ready();
  else await box.boot();
  const after = await work.look();
  const excused = how === 'killed and made anew' ? work.after(lastSaved(log)) : 0;
  return { ...compare(work, before, after, excused, log), ...(ended === null ? {} : { broken: [ended] }) };
}

/** @returns what was wrong with its end, or null. */
async function end(box: Box, how: Restart): Promise<string | null> {
  const { name } = box.parts;
  if (how === 'killed and made anew') await engine(['kill', name]);
  else await engine([how === 'restarted' ? 'restart' : 'stop', '--time', '60', name], { timeout: 180_000 });
  if (how !== 'stopped and made anew') return null;
  const { stdout } = await engine(['inspect', '--format', '{{.State.ExitCode}}', name]);
  return stdout.trim() === '143' ? null : `the box ended with ${stdout.trim()} at its stop`;
}

/** When the last rescue that saved began, as far as it is told; every state seen before has to come back. */
function lastSaved(log: string): number {
  const line = log.split('\n').findLast((one) => /"event":"rescue\.saved"/.test(one)) ?? '';
  const [, time = '', duration = '0'] = /^(\S+) .*"duration":(\d+)/.exec(line) ?? [];
  return line === '' ? 0 : Date.parse(time.replace(/(\.\d{3})\d*/, '$1')) - Number(duration);
}

function compare(
  work: Work,
  before: string | null,
  after: string | null,
  excused: number,
  log: string,
): Restored {
  if (before === null || after === null) return { lost: 0, broken: ['nobody could look at the work'] };
  if (before === after) return { lost: 0, broken: [] };
  const said = log.split('\n').findLast((line) => line.includes('"event":"rescue')) ?? 'nothing of a rescue';
  const lost = work.lostSince(after);
  if (lost === null) {
    return {
      lost: 1,
      broken: [`what came back never was so: ${difference(before, after)}; the log said ${said}`],
    };
  }
  return lost <= excused
    ? { lost, broken: [] }
    : {
        lost,
        broken: [`${lost} states of the work are lost: ${difference(before, after)}; the log said ${said}`],
      };
}

function difference(before: string, after: string): string {
  const [old, now] = [before.split('\n'), after.split('\n')];
  const gone = old.filter((line) => !now.includes(line)).map((line) => `-${line.slice(64)}`);
  const come = now.filter((line) => !old.includes(line)).map((line) => `+${line.slice(64)}`);
  return [...gone, ...come].slice(0, 12).join(' ');
}
