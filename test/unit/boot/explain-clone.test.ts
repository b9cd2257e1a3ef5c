import { expect, test } from 'vitest';
import { explainClone } from '../../../src/boot/explain-clone.ts';

const git = "/usr/bin/choom exited with 128: Cloning into '/workspace/repo'... | ";

test.each([
  [
    "remote: Repository not found. | fatal: repository 'https://github.com/you/projet/' not found",
    /^remote: Repository not found\. .*Set REPO_URL to a repository that GH_PAT may read/,
  ],
  ['fatal: Remote branch mian not found in upstream origin', /^fatal: Remote .*Set REPO_REF/],
  [
    "fatal: could not read Username for 'https://github.com': terminal prompts disabled",
    /^fatal: could .*Set REPO_URL/,
  ],
  [
    "fatal: unable to access 'https://git.test/a/': Could not resolve host: git.test",
    /^fatal: unable .*ALLOW_DOMAINS/,
  ],
  ['fatal: something new', /^fatal: something new$/],
])('of %s it says what to do', (said, expected) => {
  expect(explainClone(new Error(git + said))).toMatch(expected);
});
