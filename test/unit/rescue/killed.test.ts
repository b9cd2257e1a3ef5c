import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Command } from '../../../src/host/host.ts';
import { addSaved } from '../../../src/rescue/init/plan-save.ts';
import type { Pushed } from '../../../src/rescue/protocol.ts';
import { placeOf } from '../../../src/rescue/rescue-refs.ts';
import { secret, useWorlds, type World } from './world.ts';

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
  let refs: Pushed['refs'] = {};
  for (const text of ['second\n', 'third\n']) {
    box.write('new.txt', text);
    const saved = addSaved(null, refs);
    const report = await box.save({ ...(saved === null ? {} : { place: saved.place }) });
    expect(report).toMatchObject({ kind: 'pushed' });
    ({ refs } = report as Pushed);
    expect(box.remoteRefs(), 'what was before is taken away').toEqual(Object.keys(refs));
    expect(box.blob(Object.keys(refs)[2] ?? '', 'new.txt')).toBe(text);
  }
});

test.each(['manifest', 'state', 'work'])(
  'a remote that knows no atomic push, and refuses the %s, keeps the last one whole',
  async (part) => {
    const { box, first } = await withRescue();
    box.git(box.remote, 'config', 'receive.advertiseAtomic', 'false');
    refuse(box, `case $1 in */${part}) exit 1;; esac`);
    expect(await box.save()).toMatchObject({ kind: 'failed' });
    refuse(box, 'exit 0');
    expect(await box.restore()).toMatchObject({ kind: 'restored' });
    expect(box.files()).toEqual(first);
  },
);

test('a remote that lets nothing be replaced, or taken away, holds the newest beside the one before', async () => {
  const { box } = await withRescue();
  box.git(box.remote, 'config', 'receive.denyNonFastForwards', 'true');
  box.git(box.remote, 'config', 'receive.denyDeletes', 'true');
  const second = box.files();
  expect(await box.save()).toMatchObject({ kind: 'pushed', partial: false });
  expect(await box.restore()).toMatchObject({ kind: 'restored' });
  expect(box.files()).toEqual(second);
});

test('a remote that is full keeps the last one whole, and says so', async () => {
  const { box, first } = await withRescue();
  const objects = join(box.remote, 'objects');
  box.git(box.remote, 'config', 'receive.maxInputSize', '10');
  const report = await box.save();
  expect(report).toMatchObject({ kind: 'failed', reason: expect.stringContaining('unpack') });
  box.git(box.remote, 'config', '--unset', 'receive.maxInputSize');
  expect(existsSync(objects)).toBe(true);
  expect(await box.restore()).toMatchObject({ kind: 'restored' });
  expect(box.files()).toEqual(first);
});

test('of two boxes that save at the very same time neither writes over the other', async () => {
  const { box } = await withRescue();
  const place = `refs/cloister/night/${placeOf(secret)}`;
  const theirs = box.git(box.remote, 'commit-tree', '-m', 'Theirs', 'main^{tree}').trim();
  let isFirst = true;
  box.instead = ({ argv }) => {
    if (!isFirst || !argv.includes('push')) return null;
    isFirst = false;
    for (const part of ['manifest', 'state', 'work'])
      box.git(box.remote, 'update-ref', `${place}/${part}`, theirs);
    return null;
  };
  const mine = box.git(box.remote, 'rev-parse', `${place}/manifest`).trim();
  const report = (await box.save({ mine: [mine] })) as Pushed;
  expect(report.kind).toBe('pushed');
  expect(Object.keys(report.refs)[0]).toBe('refs/cloister/night/11111111-22222222/manifest');
  expect(report.notes.join()).toContain('Give each a BOX_NAME of its own');
  expect(box.git(box.remote, 'rev-parse', `${place}/manifest`).trim()).toBe(theirs);
});

test('every command of a rescue is bounded in time, whatever it is for', async () => {
  const { box } = await withRescue();
  await box.save();
  await box.restore();
  const bounded = ({ timeout = Number.POSITIVE_INFINITY }: Command) => timeout <= 30_000;
  expect(box.commands.length).toBeGreaterThan(30);
  expect(box.commands.filter((command) => !bounded(command))).toEqual([]);
});
