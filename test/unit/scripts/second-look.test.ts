import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { chooseSecondLooks } from '../../../scripts/choose-second-looks.ts';

test('reads a folder, and prints a name a line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'second-look-'));
  writeFileSync(join(folder, 'container-boot.tap'), failed('a', 'x'));
  writeFileSync(join(folder, 'attacks-names.tap'), failed('a', 'within 10 refuses_lure'));
  writeFileSync(join(folder, 'attacks-wear.tap'), failed('a', 'box main'));
  writeFileSync(join(folder, 'unit.json'), '{}');
  const run = spawnSync('node_modules/.bin/tsx', ['scripts/second-look.ts', folder], { encoding: 'utf8' });
  expect([run.stdout.split('\n').toSorted(), run.stderr]).toEqual([
    ['', 'attacks-wear', 'container-boot'],
    '',
  ]);
});

test('nothing runs again where nothing failed', () => {
  expect(again({ 'container-boot': 'ok 1 a\n', 'attacks-names': 'ok 1 b\n' })).toEqual([]);
});

test('a file of the image runs again, whatever failed in it', () => {
  const files = { 'container-boot': failed('a', '[[ $status == 0 ]]'), 'container-once': 'ok 1 b\n' };
  expect(again(files)).toEqual(['container-boot']);
});

test('no second look is taken at a second look', () => {
  expect(again({ 'container-boot-again': failed('a', '[[ $status == 0 ]]') })).toEqual([]);
});

test('more than six failures are no race', () => {
  const six = {
    'container-boot': ['a', 'b', 'c', 'd', 'e', 'f'].map((title) => failed(title, 'x')).join(''),
  };
  expect(again(six)).toEqual(['container-boot']);
  expect(again({ ...six, 'container-once': failed('g', 'x') })).toEqual([]);
});

describe('an attack runs again where only its stage failed', () => {
  test.each([
    'box main --network none',
    "CLOISTER_IMAGE=$NAME-open box open --volume 'a b'",
    "WITHOUT='^--network=' box main",
    'boot kept',
    'start_boxes',
    "eventually 10 as_agent main '[[ -s /workspace/ran ]]'",
    'arrived "$(record "$box" "$controls")" "$seen"',
    'eventually 30 in_box kept \'[[ -s /run/cloister/ready ]]\' || { "$ENGINE" logs "$NAME-kept"; return 1; }',
    'attached',
    'pane=$(agents_tmux "display-message -p -t cloister:1.1 \'#{pane_tty}\'")',
    'own="$(in_box main pgrep)"',
  ])('%s', (line) => {
    expect(again({ 'attacks-terminal': failed('a', line) })).toEqual(['attacks-terminal']);
  });

  test('in a function of the file as well, and before the first test', () => {
    const file = '# (in test file test/attacks/terminal.bats, line 9)\n';
    const setup = `not ok 1 setup_file failed\n# (from function \`box' in file test/container/cloister.bash, line 3,\n#  from function \`setup_file' ${file.slice(3)}#   \`readied main' failed\n`;
    expect(again({ 'attacks-terminal': setup })).toEqual(['attacks-terminal']);
    const one = `not ok 1 a\n${file}#   \`attached' failed with status 2\n`;
    expect(again({ 'attacks-terminal': one })).toEqual(['attacks-terminal']);
  });
});

describe('and never where a judgement failed', () => {
  test.each([
    '[[ $status == 0 && $output == control ]]',
    'reach control all',
    'matches "$(world)" \'.canary.sightings == []\'',
    "holds /canary '.sightings == []'",
    "run ! as_agent main 'curl -s https://denied.test'",
    'within 10 refuses_lure',
    'all_cut_soon main 16',
    'said=$(log_of main) && [[ $said != *uid=* ]]',
    '((low > 3 * usual))',
    'boxes_are_closed',
    'recovers main',
  ])('%s', (line) => {
    expect(again({ 'attacks-terminal': failed('a', line) })).toEqual([]);
  });

  test('also beside a failure of the stage', () => {
    const both = `${failed('a', 'attached')}${failed('b', 'reach control')}`;
    expect(again({ 'attacks-terminal': both })).toEqual([]);
  });

  test('nor where bats names no line', () => {
    expect(again({ 'attacks-terminal': 'not ok 1 a\n' })).toEqual([]);
  });

  test('nor where an attacker prints what a failed stage would', () => {
    const forged = "# (in test file test/attacks/terminal.bats, line 1)\n#   `attached' failed\n";
    expect(again({ 'attacks-terminal': `${failed('a', 'reach control')}${forged}` })).toEqual([]);
    expect(again({ 'attacks-terminal': `not ok 1 a\n# said\n${forged}` })).toEqual([]);
  });
});

/** What bats tells of a test that failed at a line of its own. */
function failed(title: string, line: string): string {
  return `not ok 1 ${title}\n# (from function \`says' in file test/container/cloister.bash, line 290,\n#  in test file test/attacks/terminal.bats, line 12)\n#   \`${line}' failed\n# never within 10 s\n`;
}

function again(files: Record<string, string>): string[] {
  return chooseSecondLooks(
    Object.entries(files).map(([name, tap]) => ({ name, tap: `1..9\n${tap}ok 9 z\n` })),
  );
}
