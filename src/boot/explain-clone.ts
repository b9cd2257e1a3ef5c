import { chainOf } from '../core/errors.ts';

/** @param error what git said.  @returns its own words and, where they are known, what an operator would do. */
export function explainClone(error: unknown): string {
  const said = chainOf(error)
    .replace(/^\/usr\/bin\/\w+ exited with \d+: /, '')
    .replace(/^Cloning into '[^']*'\.{3} \| /, '');
  const remedy = remedies.find(([pattern]) => pattern.test(said))?.[1];
  return remedy === undefined ? said : `${said}. ${remedy}`;
}

const remedies: readonly (readonly [RegExp, string])[] = [
  [/Remote branch .* not found/, 'Set REPO_REF to a branch or tag of that repository.'],
  [
    /not found|could not read Username|Authentication failed|returned error: 40[13]/,
    'Set REPO_URL to a repository that GH_PAT may read; another host than GitHub gets no credential from the box.',
  ],
  [
    /Could not resolve host|unable to access/,
    '`cloister log` says whether the list refused the host, which ALLOW_DOMAINS would add.',
  ],
  [/No space left on device/, 'Free some space there, or give /workspace more room.'],
];
