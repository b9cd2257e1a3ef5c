import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { useWorlds, type World } from './world.ts';

/** What Git LFS does, without its store: a pointer in the repository, the content in the working tree. */
const clean = [
  'f=$(mktemp); cat >"$f"',
  'if grep -q ^version "$f"; then cat "$f"; else',
  String.raw`printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %s\n' "$(sha256sum <"$f" | cut -c1-64)" "$(wc -c <"$f")"`,
  'fi; rm "$f"',
].join('\n');

const world = useWorlds((box) => {
  box.write('.gitattributes', '*.bin filter=lfs -text\n');
  filter(box);
  box.write('there.bin', 'of the remote\n');
  box.agent('add', '--all');
  box.agent('commit', '--quiet', '--message=Large');
  box.agent('push', '--quiet', 'origin', 'main');
});

function filter(box: World): void {
  box.agent('config', 'filter.lfs.clean', clean);
}

test('what is committed or staged with Git LFS, and is in no store yet, goes as it is and comes back', async () => {
  const box = world();
  box.write('new.bin', 'committed\n');
  box.agent('add', '--all');
  box.agent('commit', '--quiet', '--message=New');
  box.write('staged.bin', 'staged\n');
  box.agent('add', 'staged.bin');
  // The index of the same moment is believed in nothing; an older one hides the content.
  const later = new Date(Date.now() + 60_000);
  utimesSync(join(box.folder, '.git/index'), later, later);
  expect(await box.save()).toMatchObject({ kind: 'pushed', leftOut: [], partial: false });
  expect([box.saved('new.bin'), box.saved('staged.bin')]).toEqual(['committed\n', 'staged\n']);
  // The remote has it, and so has every clone.
  expect(box.saved('there.bin')).toMatch(/^version https:/);
  await box.restore();
  filter(box);
  // As the boot's `git lfs pull` does.
  box.write('there.bin', 'of the remote\n');
  expect(box.files()).toMatchObject({ 'new.bin': 'file committed\n', 'staged.bin': 'file staged\n' });
  expect(box.agent('status', '--porcelain').trim()).toBe('A  staged.bin');
});

test('a pointer without its content stays one', async () => {
  const box = world();
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 5\n`;
  box.agent('config', 'filter.lfs.clean', 'cat');
  box.write('pointer.bin', pointer);
  box.agent('add', '--all');
  expect(await box.save()).toMatchObject({ kind: 'pushed' });
  expect(box.saved('pointer.bin')).toBe(pointer);
});
