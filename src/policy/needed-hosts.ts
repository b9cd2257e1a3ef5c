import type { Settings } from '../settings/settings.ts';
import { covers } from './live-list.ts';
import { type Denial, type Rule, renderDenial } from './rule.ts';

/** Where Claude asks its model. */
export const modelHost = 'api.anthropic.com';

/** @returns what stops working with a denial, a sentence each; none for a host that the box itself does without. */
export function neededBy({
  repository,
  rescue,
}: Pick<Settings, 'repository' | 'rescue'>): (denial: Denial) => string[] {
  const saves = repository !== null && rescue.scope !== 'off';
  return (denial) => {
    const until = `until \`cloister allow ${renderDenial(denial)}\``;
    return [
      ...(covers(denial, ruleOf(`https://${modelHost}`))
        ? [`The model answers at ${modelHost}: the agent gets no answer ${until}.`]
        : []),
      ...(saves && covers(denial, ruleOf(repository.url))
        ? [`The rescue saves to ${new URL(repository.url).host}: nothing of the work is saved ${until}.`]
        : []),
    ];
  };
}

function ruleOf(url: string): Rule {
  const { hostname, port } = new URL(url);
  return { name: hostname, wildcard: false, port: port === '' ? 443 : Number(port), protocol: 'tls' };
}
