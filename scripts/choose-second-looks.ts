/** A file of bats that ran: NAME, and what it told. */
export interface TapFile {
  readonly name: string;
  readonly tap: string;
}

interface Failure {
  readonly title: string;
  /** The line of the test that failed, as bats tells it; empty where it tells none. */
  readonly line: string;
}

const mostFailures = 6;
/** Whole files come before their first test, boxes before what is tried in them, and waits before what is judged. */
const stageTitle = /^(setup|teardown)_file failed$/;
const stageLine = /^((\w+='?[^' ]*'? )*(box|boot|start_\w+|eventually|attached|arrived)\b|\w+="?\$\(.*\)"?$)/;

/**
 * A test of the image that failed may have lost a race against a loaded machine. An attack's failure may be one that went
 * through: its file runs again only where all that failed in it was the stage, before anything was judged. Many failures
 * are no race.
 * @returns the names of the files that may run once more.
 */
export function chooseSecondLooks(files: readonly TapFile[]): string[] {
  const failed = files
    .filter(({ name }) => /^(container|attacks)-/.test(name) && !name.endsWith('-again'))
    .map(({ name, tap }) => ({ name, failures: parseFailures(tap) }))
    .filter(({ failures }) => failures.length > 0);
  if (failed.reduce((sum, { failures }) => sum + failures.length, 0) > mostFailures) return [];
  return failed
    .filter(({ name, failures }) => name.startsWith('container-') || failures.every(isOfTheStage))
    .map(({ name }) => name);
}

function isOfTheStage({ title, line }: Failure): boolean {
  return stageTitle.test(title) || stageLine.test(line);
}

/** What a test said comes after the place at which it failed, so nothing an attacker prints is taken for that. */
function parseFailures(tap: string): Failure[] {
  return tap
    .split(/^(?=(?:not )?ok \d)/m)
    .filter((part) => part.startsWith('not ok'))
    .map((part) => {
      const [, title = ''] = /^not ok \d+ (.*)/.exec(part) ?? [];
      const [, line = ''] = /^.*\n(?:# [( ].*\n)*?#[( ]+in test file .*\n# {3}`(.*)' failed/.exec(part) ?? [];
      return { title, line };
    });
}
