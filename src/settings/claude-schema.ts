import * as z from 'zod';

const onOff = z
  .enum(['0', '1', 'false', 'true'], 'is neither 0 nor 1')
  .transform((text) => text === '1' || text === 'true');
/** A model's name, an ARN or the id of a deployment. */
const model = z.string().regex(/^[\w][\w.:@/[\]-]{0,255}$/, "is no model's name");
const region = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+){0,5}$/, 'is no region');

/** The variables, none of them secret, by which Claude Code finds its model: under its own names. */
export const claudeSchema = {
  ANTHROPIC_BASE_URL: rule(z.string(), 'https://gateway.example.org'),
  ANTHROPIC_MODEL: rule(model, 'opus'),
  ANTHROPIC_SMALL_FAST_MODEL: rule(model, 'haiku'),
  ANTHROPIC_DEFAULT_OPUS_MODEL: rule(model, 'claude-opus-4-5'),
  ANTHROPIC_DEFAULT_SONNET_MODEL: rule(model, 'claude-sonnet-4-5'),
  ANTHROPIC_DEFAULT_HAIKU_MODEL: rule(model, 'claude-haiku-4-5'),
  ANTHROPIC_DEFAULT_FABLE_MODEL: rule(model, 'claude-fable-5'),
  CLAUDE_CODE_SUBAGENT_MODEL: rule(model, 'haiku'),
  CLAUDE_CODE_USE_BEDROCK: rule(onOff, '1'),
  AWS_REGION: rule(region, 'eu-central-1'),
  ANTHROPIC_SMALL_FAST_MODEL_AWS_REGION: rule(region, 'eu-central-1'),
  ANTHROPIC_BEDROCK_BASE_URL: rule(z.string(), 'https://gateway.example.org/bedrock'),
  CLAUDE_CODE_SKIP_BEDROCK_AUTH: rule(onOff, '1'),
  CLAUDE_CODE_USE_VERTEX: rule(onOff, '1'),
  CLOUD_ML_REGION: rule(region, 'global'),
  ANTHROPIC_VERTEX_PROJECT_ID: rule(
    z.string().regex(/^[a-z0-9.:-]{1,100}$/, 'is no id of a project'),
    'my-project',
  ),
  ANTHROPIC_VERTEX_BASE_URL: rule(z.string(), 'https://gateway.example.org/vertex'),
  GOOGLE_APPLICATION_CREDENTIALS: rule(
    z.string().regex(/^\/[^\p{C}]+$/u, 'is no absolute path'),
    '/run/secrets/google.json',
  ),
  CLAUDE_CODE_SKIP_VERTEX_AUTH: rule(onOff, '1'),
  CLAUDE_CODE_USE_FOUNDRY: rule(onOff, '1'),
  ANTHROPIC_FOUNDRY_RESOURCE: rule(
    z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/, "is no resource's name"),
    'my-resource',
  ),
  ANTHROPIC_FOUNDRY_BASE_URL: rule(z.string(), 'https://my-resource.services.ai.azure.com/anthropic'),
  CLAUDE_CODE_SKIP_FOUNDRY_AUTH: rule(onOff, '1'),
};

function rule<T extends z.ZodType>(type: T, example: string) {
  return { type, example };
}
