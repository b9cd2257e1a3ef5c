// Adds up what the test runners left in a folder: NAME.status (exit code), unit.json (vitest), NAME.tap
// (bats). Usage: count.ts FOLDER SKIPS [LAST]   Prints every failure again, then `N passed, N failed`;
// exit code 1 if anything failed. A skipped test fails unless its title is a line of SKIPS. NAME-again is a
// second run of the files in which NAME failed: where all of it passes, what failed is printed as unsteady. LAST keeps
// what was unsteady for the next run, and who stood there already has failed: nobody looked after it.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** What one runner left. */
interface Run {
  readonly passed: readonly string[];
  readonly failures: string[];
}

interface Test {
  readonly title: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
}

/** What vitest writes of a file, as far as it is read. */
interface Suite {
  readonly name: string;
  readonly status: string;
  readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
}

const [folder = '', skipList = '', lastList = ''] = process.argv.slice(2);
const allowedSkips = new Set(existsSync(skipList) ? lines(skipList).map((line) => line.trim()) : []);
const runs = readdirSync(folder)
  .filter((file) => file.endsWith('.status') && !file.endsWith('-again.status'))
  .map((file) => readRun(basename(file, '.status')));
const unsteady = runs.flatMap((run) => run.unsteady);
const again = unsteady.filter((title) => wasUnsteady().includes(title));
const failures = [
  ...runs.flatMap((run) => run.failures),
  ...again.map((title) => `${title} (unsteady, as in the run before)`),
];
const passed = runs.reduce((sum, run) => sum + run.passed, unsteady.length - again.length);

for (const title of unsteady) console.log(`unsteady: ${title} (failed, and passed when its file ran again)`);
for (const failure of failures) console.log(`failed: ${failure}`);
if (lastList !== '') keepUnsteady();
console.log(`${unsteady.length} unsteady`);
console.log(`${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;

function wasUnsteady(): string[] {
  return existsSync(lastList) ? lines(lastList) : [];
}

function keepUnsteady(): void {
  mkdirSync(dirname(lastList), { recursive: true });
  writeFileSync(lastList, unsteady.map((title) => `${title}\n`).join(''));
}

function readRun(name: string) {
  const first = readOnce(name);
  const again = existsSync(join(folder, `${name}-again.status`)) ? readOnce(`${name}-again`) : null;
  const isUnsteady = (failure: string) =>
    again?.failures.length === 0 && (again.passed.includes(failure) || isOfTheFile(failure));
  const unsteady = first.failures.filter(isUnsteady);
  return {
    // Where the file's stage failed, its tests were seen the second time alone.
    passed: Math.max(first.passed.length, (again?.passed.length ?? 0) - unsteady.length),
    failures: first.failures
      .filter((failure) => !isUnsteady(failure))
      .map((failure) => `${name}: ${failure}`),
    unsteady: unsteady.map((failure) => `${name}: ${failure}`),
  };
}

/** No test's own failure: another run of the whole file is an answer to it. */
function isOfTheFile(failure: string): boolean {
  return /^((setup|teardown)_file failed|\d+ of \d+ tests never ran)$/.test(failure);
}

/** One runner's counts. A crash is one failure more, so that it can never look like success. */
function readOnce(name: string): Run {
  const status = Number(readFileSync(join(folder, `${name}.status`), 'utf8'));
  const json = join(folder, `${name}.json`);
  const tap = join(folder, `${name}.tap`);
  const run = existsSync(json)
    ? readVitest(json)
    : existsSync(tap)
      ? readTap(tap)
      : { passed: [], failures: [] };
  if (status !== 0 && run.failures.length === 0) run.failures.push(`ended with ${status} and named no test`);
  return run;
}

function readVitest(file: string): Run {
  const { testResults } = JSON.parse(readFileSync(file, 'utf8')) as { testResults: Suite[] };
  const tests = testResults.flatMap((suite) => {
    const broken =
      suite.status === 'failed' && suite.assertionResults.every((test) => test.status !== 'failed');
    return broken
      ? [...suite.assertionResults, { status: 'failed', fullName: suite.name }]
      : suite.assertionResults;
  });
  return tally(tests.map(({ status, fullName }) => ({ title: fullName, outcome: vitestOutcome(status) })));
}

function vitestOutcome(status: string): Test['outcome'] {
  if (status === 'passed' || status === 'failed') return status;
  return 'skipped';
}

function readTap(file: string): Run {
  const tests: Test[] = [];
  let planned = 0;
  for (const line of lines(file)) {
    planned = Number(/^1\.\.(\d+)/.exec(line)?.[1] ?? planned);
    const [, not, rest] = /^(not )?ok \d+ (.*)$/.exec(line) ?? [];
    if (rest === undefined) continue;
    const [, title = '', skip] = /^(.*?)( # skip.*)?$/i.exec(rest) ?? [];
    tests.push({ title, outcome: not ? 'failed' : skip ? 'skipped' : 'passed' });
  }
  const run = tally(tests);
  if (tests.length < planned) run.failures.push(`${planned - tests.length} of ${planned} tests never ran`);
  return run;
}

function tally(tests: readonly Test[]): Run {
  const failures = tests
    .filter(
      ({ outcome, title }) => outcome === 'failed' || (outcome === 'skipped' && !allowedSkips.has(title)),
    )
    .map(({ outcome, title }) =>
      outcome === 'skipped' ? `${title} (skipped, not listed in ${skipList})` : title,
    );
  return { passed: tests.filter(({ outcome }) => outcome === 'passed').map(({ title }) => title), failures };
}

function lines(file: string): string[] {
  return readFileSync(file, 'utf8').split('\n');
}
