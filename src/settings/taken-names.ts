import { schema } from './schema.ts';
import { secretNames, type Variables } from './secrets.ts';

/** Every variable that may be a setting. */
export const allNames: readonly string[] = [
  ...Object.keys(schema),
  ...secretNames.flatMap((name) => [name, `${name}_FILE`]),
];
/** Names that are other programs' as well: they are the box's where the provider is on. */
const shared: readonly (readonly [string, RegExp])[] = [
  ['CLAUDE_CODE_USE_BEDROCK', /^AWS_/],
  ['CLAUDE_CODE_USE_VERTEX', /^(CLOUD_ML_REGION|GOOGLE_APPLICATION_CREDENTIALS)$/],
];

/** @returns the names that this box takes for itself. */
export function takenNames(env: Variables): string[] {
  const isOn = (name: string) => env[name] === '1' || env[name] === 'true';
  return allNames.filter((name) => shared.every(([use, form]) => isOn(use) || !form.test(name)));
}
