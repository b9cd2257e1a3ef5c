import type { Fault } from './fault.ts';
import { type FoundSecret, findSecret, type ReadText, setRemedy, type Variables } from './secrets.ts';
import type { ClaudeCredential } from './settings.ts';

/** @param given the environment with what is set to nothing: a required one that is empty is told so. */
export function githubTokenOf(found: FoundSecret, given: Variables, faults: Fault[]): string | null {
  if (found === 'unset') {
    const remedy = `${setRemedy('GH_PAT', 'github_pat_…')}; without a GitHub account set it to none.`;
    faults.push({ variable: 'GH_PAT', fault: given.GH_PAT === '' ? 'is empty' : 'is not set', remedy });
  }
  return typeof found === 'string' || found.value === 'none' ? null : found.value;
}

/** Exactly one of the two pays. */
export function claudeOf(
  { env, given, read }: { env: Variables; given: Variables; read: ReadText },
  faults: Fault[],
): ClaudeCredential | null {
  const oauth = findSecret('CLAUDE_CODE_OAUTH_TOKEN', env, read, faults);
  const key = findSecret('ANTHROPIC_API_KEY', env, read, faults);
  if (oauth === 'unset' && key === 'unset') {
    const remedy = `${setRemedy('CLAUDE_CODE_OAUTH_TOKEN')} (claude setup-token prints one), or ANTHROPIC_API_KEY likewise.`;
    const empty = (['CLAUDE_CODE_OAUTH_TOKEN', 'ANTHROPIC_API_KEY'] as const).filter(
      (name) => given[name] === '',
    );
    const [variable] = empty;
    if (variable !== undefined && empty.length === 1) faults.push({ variable, fault: 'is empty', remedy });
    else {
      const fault = 'and ANTHROPIC_API_KEY are both not set; one is required';
      faults.push({ variable: 'CLAUDE_CODE_OAUTH_TOKEN', fault, remedy });
    }
    return null;
  }
  if (oauth !== 'unset' && key !== 'unset') {
    const fault = 'and ANTHROPIC_API_KEY are both set; it would be unclear which account pays';
    faults.push({ variable: 'CLAUDE_CODE_OAUTH_TOKEN', fault, remedy: 'Keep only one of the two.' });
    return null;
  }
  if (typeof oauth === 'object') return { variable: 'CLAUDE_CODE_OAUTH_TOKEN', value: oauth.value };
  return typeof key === 'object' ? { variable: 'ANTHROPIC_API_KEY', value: key.value } : null;
}
