/** What a changed settings file would do to a session that runs. */
export type SettingsVerdict = { readonly kind: 'take' } | { readonly kind: 'refuse'; readonly why: string };

/** Settings that would take the session out of the operator's hands, and what each does. */
const forbidden: Readonly<Record<string, string>> = {
  disableAllHooks: 'switches hooks off',
  apiKeyHelper: 'has a program choose the account',
  awsAuthRefresh: 'has a program choose the account',
  awsCredentialExport: 'has a program choose the account',
  gcpAuthRefresh: 'has a program choose the account',
  otelHeadersHelper: 'has a program choose where figures go',
  proxyAuthHelper: 'has a program choose the way out',
  forceRemoteSettingsRefresh: 'asks for the settings of somebody else',
};
/** Variables that choose where Claude Code connects, whom it trusts, and which programs it is made of. */
const forbiddenVariable =
  /^(ANTHROPIC_(BASE_URL|AUTH_TOKEN|API_KEY|UNIX_SOCKET|CUSTOM_HEADERS|(BEDROCK|VERTEX|FOUNDRY)_[A-Z_]+)|CLAUDE_CODE_(SIMPLE|SAFE_MODE|SHELL|SHELL_PREFIX|OAUTH_TOKEN|USE_[A-Z]+|MANAGED_[A-Z_]+)|CLAUDE_CONFIG_DIR|(HTTPS?|ALL|NO)_PROXY|LD_[A-Z_]+|NODE_OPTIONS|NODE_EXTRA_CA_CERTS|NODE_TLS_REJECT_UNAUTHORIZED|BUN_OPTIONS|BASH_ENV|ENV|PATH|SHELL)$/i;

/** Parses the event of a change.  @returns the path of the file, or null where the event names none. */
export function parseConfigChange(text: string): { readonly source: string; readonly path: string | null } {
  const value = JSON.parse(text) as Record<string, unknown> | null;
  if (value?.hook_event_name !== 'ConfigChange') throw new Error('this is no change of settings');
  const { source, file_path: path } = value;
  return {
    source: typeof source === 'string' ? source : 'unknown',
    path: typeof path === 'string' ? path : null,
  };
}

/**
 * Judges a settings file that changed while a session runs: whoever works in the box may have written it.
 * @param text the whole file, or null where it is gone.
 */
export function judgeSettings(text: string | null): SettingsVerdict {
  if (text === null || text.trim() === '') return { kind: 'take' };
  const settings = parseObject(text);
  if (settings === null) return { kind: 'refuse', why: 'it is no JSON object' };
  for (const [key, why] of Object.entries(forbidden)) {
    if (Object.hasOwn(settings, key) && settings[key] !== false)
      return { kind: 'refuse', why: `${key} ${why}` };
  }
  return judgeVariables(settings.env);
}

function judgeVariables(env: unknown): SettingsVerdict {
  if (env === undefined) return { kind: 'take' };
  if (typeof env !== 'object' || env === null || Array.isArray(env))
    return { kind: 'refuse', why: 'env is no object' };
  const name = Object.keys(env).find((one) => forbiddenVariable.test(one));
  if (name === undefined) return { kind: 'take' };
  return { kind: 'refuse', why: `env.${name.slice(0, 40)} leads Claude Code elsewhere` };
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
