import type { Settings } from '../settings/settings.ts';
import { covers } from './live-list.ts';
import { type Denial, type Rule, renderDenial } from './rule.ts';

const anthropic = 'api.anthropic.com';

/** @returns the names of the hosts where Claude asks its model. */
export function modelHosts({ rules, variables }: Settings['claude']): string[] {
  const named = rules.map(({ rule }) => rule.name);
  return named.length > 0 || variables.ANTHROPIC_BASE_URL !== undefined ? [...new Set(named)] : [anthropic];
}

/** @returns what stops working with a denial, a sentence each; none for a host that the box itself does without. */
export function neededBy({
  repository,
  rescue,
  claude,
}: Pick<Settings, 'repository' | 'rescue' | 'claude'>): (denial: Denial) => string[] {
  const saves = repository !== null && rescue.scope !== 'off';
  const models = modelUrls(claude);
  return (denial) => {
    const until = `until \`cloister allow ${renderDenial(denial)}\``;
    return [
      ...models
        .filter((host) => covers(denial, ruleOf(host)))
        .map((host) => `The model answers at ${new URL(host).host}: the agent gets no answer ${until}.`),
      ...(saves && covers(denial, ruleOf(repository.url))
        ? [`The rescue saves to ${new URL(repository.url).host}: nothing of the work is saved ${until}.`]
        : []),
    ];
  };
}

/** Of each host the rule's port as well, where it is not that of https. */
function modelUrls(claude: Settings['claude']): string[] {
  if (claude.rules.length === 0) return modelHosts(claude).map((name) => `https://${name}`);
  return claude.rules.map(({ rule }) => `https://${rule.name}:${rule.port}`);
}

function ruleOf(url: string): Rule {
  const { hostname, port } = new URL(url);
  return { name: hostname, wildcard: false, port: port === '' ? 443 : Number(port), protocol: 'tls' };
}
