import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'exceptions-'));

describe('an exception of the vulnerability gate', () => {
  const good = `ignore:
  - vulnerability: CVE-2026-12345
    package: {name: libexample}
    reason: The parser with the flaw is never fed by anything here, until 2999-01-31
`;
  const judge = (text: string) => {
    writeFileSync(join(folder, 'grype.yaml'), text);
    const { status, stderr } = spawnSync(
      'node_modules/.bin/tsx',
      ['scripts/exceptions.ts', join(folder, 'grype.yaml')],
      {
        encoding: 'utf8',
      },
    );
    return status === 0 ? 'fine' : stderr;
  };

  test('is taken with a flaw, a package, a reason and a date', () => {
    expect(judge(good)).toBe('fine');
    expect(judge(readFileSync('.grype.yaml', 'utf8'))).toBe('fine');
  });

  test.each([
    ['without a reason', good.replace(/ {4}reason.*\n/, ''), 'needs a reason'],
    ['with a reason of two words', good.replace(/reason: .*,/, 'reason: no risk'), 'needs a reason'],
    ['without a date', good.replace(', until 2999-01-31', ' as far as we know'), 'needs a reason'],
    ['whose date has passed', good.replace('2999', '2020'), 'look at it again'],
    ['of every package', good.replace(/ {4}package.*\n/, ''), 'names no package'],
    ['of a whole state of flaws', good.replace('  - ', '  - fix-state: wont-fix\n    '), 'fix-state'],
    ['beside another looseness', `${good}fail-on-severity: critical\n`, 'loosen the whole gate'],
  ])('is refused %s', (_, text, why) => {
    expect(judge(text)).toContain(why);
  });
});
