/** Names of variables, and what each would do to the session or to a program of the box that the session starts. */
const leading: readonly (readonly [RegExp, string])[] = [
  [
    /^(PATH|HOME|USER|LOGNAME|SHELL|TERM|TMPDIR|PWD|OLDPWD|IFS|CDPATH|XDG_RUNTIME_DIR)$/,
    'is made by the box',
  ],
  [
    /^(LD_.*|GLIBC_TUNABLES|GCONV_PATH|LOCPATH|NLSPATH|HOSTALIASES|RES_OPTIONS|LOCALDOMAIN)$/,
    'changes what programs are made of',
  ],
  [
    /^(NODE_OPTIONS|NODE_PATH|NODE_REPL_EXTERNAL_MODULE|NODE_COMPILE_CACHE.*|BUN_OPTIONS|BUN_INSPECT.*)$/,
    'loads code into every Node, Bun and Claude',
  ],
  [
    /^(BASH_ENV|ENV|SHELLOPTS|BASHOPTS|PROMPT_COMMAND|PS[0-4]|BASH_FUNC_.*|BASH_LOADABLES_PATH|BASH_XTRACEFD)$/,
    'runs code in every shell',
  ],
  [/^(TMUX.*)$/, "leads to another tmux than the session's"],
  [/^((https?|all|ftp|no)_proxy)$/i, 'leads around the way out of the box'],
  [
    /^(NODE_EXTRA_CA_CERTS|NODE_TLS_REJECT_UNAUTHORIZED|SSL_CERT_(FILE|DIR)|CURL_CA_BUNDLE|SSLKEYLOGFILE)$/,
    'changes whom programs trust; EXTRA_CA_CERTS adds an authority',
  ],
  [
    /^GIT_(SSH.*|PROXY_.*|EXTERNAL_DIFF|DIFF.*|PAGER.*|EDITOR|SEQUENCE_EDITOR|ASKPASS|EXEC_PATH|TEMPLATE_DIR|CONFIG.*|DIR|COMMON_DIR|WORK_TREE|INDEX_FILE|OBJECT_.*|ALTERNATE_.*|NAMESPACE|CEILING_.*|ATTR_.*|SSL_.*|HTTP_.*|ALLOW_PROTOCOL|PROTOCOL.*|TRACE.*|TR2.*|CURL_VERBOSE|REDIRECT_.*|SHALLOW_FILE|GRAFT_FILE|REPLACE_.*|QUARANTINE_.*|INTERNAL_.*|MERGE_.*TOOL.*)$/,
    'has git run a program, or work elsewhere',
  ],
  [
    /^(SSH_ASKPASS.*|GH_(TOKEN|HOST|CONFIG_DIR|ENTERPRISE_TOKEN|PATH|PAGER)|NPM_CONFIG_(.*CONFIG|REGISTRY|PREFIX|SCRIPT_SHELL|NODE_OPTIONS))$/i,
    'leads git, gh or npm elsewhere',
  ],
  [
    /^(CLAUDE_CONFIG_DIR|CLAUDECODE|CLAUDE_CODE_(SIMPLE|SAFE_MODE|SHELL.*|TMPDIR|USE_.*|SKIP_.*|MANAGED_.*|PLUGIN_.*|OAUTH_.*|API_.*|ENTRYPOINT|CERT_STORE|CLIENT_.*)|ANTHROPIC_.*)$/,
    'leads Claude Code elsewhere',
  ],
];

/** @returns why nobody may choose this variable for the agent's session, or null where nothing is in the way. */
export function whyLeading(name: string): string | null {
  return leading.find(([form]) => form.test(name))?.[1] ?? null;
}
