import type { Fault } from './fault.ts';
import { type FoundSecret, setRemedy, type Variables } from './secrets.ts';

/** @param given the environment with what is set to nothing: a required one that is empty is told so. */
export function githubTokenOf(found: FoundSecret, given: Variables, faults: Fault[]): string | null {
  if (found === 'unset') {
    const remedy = `${setRemedy('GH_PAT', 'github_pat_…')}; without a GitHub account set it to none.`;
    faults.push({ variable: 'GH_PAT', fault: given.GH_PAT === '' ? 'is empty' : 'is not set', remedy });
  }
  return typeof found === 'string' || found.value === 'none' ? null : found.value;
}
