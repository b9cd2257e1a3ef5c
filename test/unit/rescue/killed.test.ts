import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Command } from '../../../src/host/host.ts';
import { useWorlds, type World } from './world.ts';

/** One rescue is there; the agent has gone on since. */
const world = useWorlds((box) => {
  box.write('a.txt', 'first\n');
  box.agent('commit', '--quiet', '--all', '--message=First');
  box.write('new.txt', 'first\n');
});

async function withRescue(): Promise<{
  box: World;
  first: World['files'] extends () => infer F ? F : never;
}> {
  const box = world();
  expect(await box.save()).toMatchObject({ kind: 'pushed' });
  const first = box.files();
  box.write('a.txt', 'second\n');
  box.agent('commit', '--quiet', '--all', '--message=Second');
  box.write('new.txt', 'second\n');
  return { box, first };
}

/** From its n-th command on nothing that the program starts comes to anything, as where it is killed. */
async function killAt<Report>(box: World, at: number, run: () => Promise<Report>) {
  let count = 0;
  box.instead = () => (count++ < at ? null : new Error('killed'));
  const report = await run();
  box.instead = () => null;
  return { report, isWhole: count <= at };
}

const mostSteps = 40;

test('a rescue that is killed at any of its steps leaves the last one, until the new one is whole', {
  timeout: 120_000,
}, async () => {
  const { box, first } = await withRescue();
  const second = box.files();
  const work = box.folder;
  for (let at = 0; at < mostSteps; at++) {
    const { report, isWhole } = await killAt(box, at, () => box.save());
    expect(report.kind, `at step ${at}`).toBe(isWhole ? 'pushed' : 'failed');
    expect(await box.restore(), `at step ${at}`).toMatchObject({ kind: 'restored' });
    expect(box.files(), `at step ${at}`).toEqual(isWhole ? second : first);
    box.folder = work;
    if (isWhole) return;
  }
  expect.unreachable('it has more steps than that');
});

test('a restore that is killed at any of its steps is made anew by the next boot', {
  timeout: 120_000,
}, async () => {
  const { box, first } = await withRescue();
  for (let at = 0; at < mostSteps; at++) {
    const { report, isWhole } = await killAt(box, at, () => box.restore());
    expect(report.kind === 'restored', `at step ${at}`).toBe(isWhole);
    if (!isWhole && at % 5 > 0) continue;
    expect(await box.restore(), `at step ${at}`).toMatchObject({ kind: 'restored' });
    expect(box.files(), `at step ${at}`).toEqual(first);
    if (isWhole) return;
  }
  expect.unreachable('it has more steps than that');
});

/** A hook of the remote's that is asked for each reference. */
function refuse(box: World, script: string): void {
  writeFileSync(join(box.remote, 'hooks/update'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(box.remote, 'hooks/update'), 0o755);
}

test.each([
  ['its manifest', 'case $1 in */manifest) exit 1;; esac'],
  ['its state', 'case $1 in */state) exit 1;; esac'],
  ['its work', 'case $1 in */work) exit 1;; esac'],
  ['all but its manifest', 'case $1 in */manifest) ;; *) exit 1;; esac'],
  ['all of it', 'exit 1'],
  ['it by dying half way', 'case $1 in */state) kill -KILL $PPID;; esac'],
])('a remote that refuses %s keeps the last one whole', { timeout: 60_000 }, async (_, script) => {
  const { box, first } = await withRescue();
  refuse(box, script);
  expect(await box.save()).toMatchObject({ kind: 'failed' });
  refuse(box, 'exit 0');
  expect(await box.restore()).toMatchObject({ kind: 'restored' });
  expect(box.files()).toEqual(first);
});

test('a remote that knows no atomic push is pushed to all the same', async () => {
  const { box } = await withRescue();
  box.git(box.remote, 'config', 'receive.advertiseAtomic', 'false');
  expect(await box.save()).toMatchObject({ kind: 'pushed' });
  expect(box.saved('new.txt')).toBe('second\n');
});

test('every command of a rescue is bounded in time, whatever it is for', async () => {
  const { box } = await withRescue();
  await box.save();
  await box.restore();
  const bounded = ({ timeout = Number.POSITIVE_INFINITY }: Command) => timeout <= 30_000;
  expect(box.commands.length).toBeGreaterThan(30);
  expect(box.commands.filter((command) => !bounded(command))).toEqual([]);
});
