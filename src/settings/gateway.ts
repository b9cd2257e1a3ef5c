import { parseRule } from '../policy/parse-rules.ts';
import type { Rule, SourcedRule } from '../policy/rule.ts';
import type { Fault } from './fault.ts';
import { setRemedy, type Variables } from './secrets.ts';
import { parseTarget } from './target.ts';

/**
 * Parses the URL of a gateway in that variable.
 * @returns the rule for its host; none where it isn't set, is none, or is a neighbour, who is let to otherwise.
 */
export function gatewayRules(variable: string, env: Variables, faults: Fault[]): SourcedRule[] {
  const text = env[variable];
  if (text === undefined) return [];
  const parsed = parseGateway(
    text,
    (env.NEIGHBOURS ?? '').split(',').map((part) => part.trim()),
  );
  if (parsed === null) return [];
  if (typeof parsed !== 'string') return [{ rule: parsed, source: variable }];
  faults.push({ variable, fault: parsed, remedy: setRemedy(variable, 'https://gateway.example.org') });
  return [];
}

/**
 * Parses where a service answers in place of a model's own. Plain HTTP on another port than 80 is opaque to the egress
 * proxy: there the name is where it leads, and nothing on the wire proves it.
 * @returns the rule that lets the agent there, null for one of the neighbours, or what is wrong.
 */
function parseGateway(text: string, neighbours: readonly string[] = []): Rule | string | null {
  const target = parseTarget(text);
  if (typeof target === 'string') return target === 'is no https URL' ? 'is no http or https URL' : target;
  if (target.authorization !== null) return 'has credentials in it; they belong into ANTHROPIC_AUTH_TOKEN';
  if (target.path.includes('?')) return 'has a query';
  const { name, port, secure } = target;
  if (neighbours.includes(`${name}:${port}`)) return null;
  if (!name.includes('.')) return `has a host beside the box: name it in NEIGHBOURS=${name}:${port} as well`;
  if (secure && port === 80) return 'has the port 80, where no TLS is let through';
  const rule = parseRule(`${name}:${port}${secure || port === 80 ? '' : '/tcp'}`);
  return typeof rule === 'string' ? `has a host that no rule can name: ${rule}` : rule;
}
