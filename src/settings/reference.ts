import type { Schema } from './schema.ts';
import type { SecretName } from './secrets.ts';

/** What a document says of each variable, in the order people read of them; links are the README's. */
export const settingsReference: Readonly<
  Record<SecretName | keyof Schema, { readonly byDefault: string; readonly meaning: string }>
> = {
  GH_PAT: {
    byDefault: 'required',
    meaning: 'GitHub token, offered to github.com, its API and its packages; `none` for no account',
  },
  CLAUDE_CODE_OAUTH_TOKEN: { byDefault: 'this', meaning: 'Claude authentication' },
  ANTHROPIC_API_KEY: { byDefault: 'or this', meaning: 'Claude authentication' },
  ANTHROPIC_AUTH_TOKEN: {
    byDefault: 'or this',
    meaning: "a gateway's token, sent as `Authorization: Bearer`",
  },
  ANTHROPIC_BASE_URL: {
    byDefault: "Anthropic's own",
    meaning:
      'a [gateway](docs/configuration.md#models-and-gateways) to ask in its place; enough alone where it wants no account',
  },
  ANTHROPIC_CUSTOM_HEADERS: {
    byDefault: 'none',
    meaning: 'headers it wants, `Name: value` a line; a secret',
  },
  ANTHROPIC_MODEL: { byDefault: "Claude Code's", meaning: 'the model' },
  ANTHROPIC_SMALL_FAST_MODEL: { byDefault: "Claude Code's", meaning: 'the small one, for work on the side' },
  ANTHROPIC_DEFAULT_OPUS_MODEL: { byDefault: "Claude Code's", meaning: 'what `opus` stands for' },
  ANTHROPIC_DEFAULT_SONNET_MODEL: { byDefault: "Claude Code's", meaning: 'what `sonnet` stands for' },
  ANTHROPIC_DEFAULT_HAIKU_MODEL: { byDefault: "Claude Code's", meaning: 'what `haiku` stands for' },
  ANTHROPIC_DEFAULT_FABLE_MODEL: { byDefault: "Claude Code's", meaning: 'what `fable` stands for' },
  CLAUDE_CODE_SUBAGENT_MODEL: { byDefault: "Claude Code's", meaning: 'the model of subagents' },
  CLAUDE_CODE_USE_BEDROCK: { byDefault: '`0`', meaning: '`1`: Amazon Bedrock answers' },
  AWS_REGION: { byDefault: 'required for it', meaning: 'where; its hosts are put on the list' },
  AWS_BEARER_TOKEN_BEDROCK: { byDefault: 'this', meaning: "Bedrock's API key" },
  AWS_ACCESS_KEY_ID: { byDefault: 'or these', meaning: 'an access key; a secret' },
  AWS_SECRET_ACCESS_KEY: { byDefault: 'or these', meaning: 'its secret' },
  AWS_SESSION_TOKEN: { byDefault: 'none', meaning: 'where the key is a temporary one; a secret' },
  ANTHROPIC_SMALL_FAST_MODEL_AWS_REGION: { byDefault: 'the same', meaning: 'where the small model answers' },
  ANTHROPIC_BEDROCK_BASE_URL: { byDefault: "Amazon's", meaning: 'a gateway in front of it' },
  CLAUDE_CODE_SKIP_BEDROCK_AUTH: { byDefault: '`0`', meaning: '`1`: that gateway signs the requests' },
  CLAUDE_CODE_USE_VERTEX: { byDefault: '`0`', meaning: "`1`: Google's Vertex AI answers" },
  CLOUD_ML_REGION: {
    byDefault: 'required for it',
    meaning: 'where, or `global`; its host is put on the list',
  },
  ANTHROPIC_VERTEX_PROJECT_ID: { byDefault: 'required for it', meaning: "the project's id" },
  GOOGLE_APPLICATION_CREDENTIALS: {
    byDefault: 'required for it',
    meaning: 'path of the JSON file of a service account; its text is a secret',
  },
  ANTHROPIC_VERTEX_BASE_URL: { byDefault: "Google's", meaning: 'a gateway in front of it' },
  CLAUDE_CODE_SKIP_VERTEX_AUTH: { byDefault: '`0`', meaning: '`1`: that gateway knows the account' },
  CLAUDE_CODE_USE_FOUNDRY: { byDefault: '`0`', meaning: "`1`: Microsoft's Foundry answers" },
  ANTHROPIC_FOUNDRY_RESOURCE: {
    byDefault: 'this',
    meaning: "the resource's name; its host is put on the list",
  },
  ANTHROPIC_FOUNDRY_BASE_URL: { byDefault: 'or this', meaning: 'its URL' },
  CLAUDE_CODE_SKIP_FOUNDRY_AUTH: { byDefault: '`0`', meaning: '`1`: what answers there wants no key' },
  ANTHROPIC_FOUNDRY_API_KEY: { byDefault: 'required for it', meaning: 'its key; a secret' },
  BOX_NAME: {
    byDefault: "on Fly the app's name, else `box`",
    meaning: 'tells this box from your others; the same again after it was recreated',
  },
  REPO_URL: { byDefault: 'none', meaning: 'https repository to clone to `/workspace/repo`' },
  REPO_REF: { byDefault: 'its default branch', meaning: 'branch or tag' },
  REPO_HOOKS: {
    byDefault: '`off`',
    meaning:
      'whether hooks run that stand in the settings of the repository, of the home or of a plugin; see [the agent](docs/agent.md#hooks-of-the-repository)',
  },
  RESCUE: {
    byDefault: '`all` into a private repository, else `tracked`',
    meaning:
      'what is saved of the work: `all`, `tracked` files alone, `off`; see [work and rescue](docs/work-and-rescue.md#rescue)',
  },
  RESCUE_INTERVAL: { byDefault: '`5m`', meaning: 'how often, while the agent works' },
  RESCUE_SIZE: { byDefault: '`100m`', meaning: 'how much is pushed at most' },
  GIT_USER_NAME: { byDefault: '`cloister`', meaning: 'who commits' },
  GIT_USER_EMAIL: { byDefault: '`cloister@noreply.github.com`', meaning: 'who commits' },
  CLAUDE_PROMPT: {
    byDefault: 'none',
    meaning: 'first prompt: the agent starts on it with nobody attached; never logged',
  },
  ALLOW_DOMAINS: {
    byDefault: 'none',
    meaning: 'comma-separated rules added to [`network/domains.conf`](network/domains.conf)',
  },
  ALLOW_SETS: {
    byDefault: 'none',
    meaning:
      'sets of rules added to it, as `browsers,java`: a file each in [`network/sets`](network/sets), and yours; see [sets](docs/network.md#sets)',
  },
  ALLOW_PRIVATE: {
    byDefault: 'none',
    meaning: 'address ranges an allowed name may answer although they are private or neighbours',
  },
  NEIGHBOURS: {
    byDefault: 'none',
    meaning:
      '[services beside the box](docs/network.md#services-beside-the-box) by name and port: `db:5432,redis:6379`',
  },
  DNS_UPSTREAM: {
    byDefault: "the platform's, else 1.1.1.1 and 8.8.8.8",
    meaning: 'resolver addresses; not loopback',
  },
  HTTPS_PROXY: {
    byDefault: 'none',
    meaning:
      "a [company's proxy](docs/network.md#a-companys-proxy) that everything goes through: `http://user:password@host:port`; a secret",
  },
  NO_PROXY: { byDefault: 'none', meaning: 'names that are reached without it, each with all below' },
  EGRESS_FALLBACK: {
    byDefault: 'none',
    meaning:
      '`address`: on a kernel that cannot redirect (no NAT) boot all the same, letting the agent dial pinned addresses itself, without the check of the name',
  },
  PUBLISH_PORTS: {
    byDefault: 'none',
    meaning: "ports of the agent's servers that may be reached from outside",
  },
  NOTIFY_URL: {
    byDefault: 'none',
    meaning:
      'whom to [tell](docs/operations.md#notifications) when Claude waits, ends or fails: ntfy, a Slack or Discord webhook, or anything that takes a POST; a secret',
  },
  NOTIFY_TOKEN: { byDefault: 'none', meaning: 'a token for it, sent as `Authorization: Bearer`' },
  NOTIFY_FORMAT: { byDefault: 'by the URL, else `plain`', meaning: '`ntfy`, `slack`, `discord` or `plain`' },
  NOTIFY_ON: {
    byDefault: 'all but `turn`',
    meaning: 'of what: `waits`, `ends`, `turn`, `fails`, `limit`, `degraded`',
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    byDefault: 'none: no telemetry',
    meaning:
      "where Claude's [telemetry](docs/operations.md#telemetry) goes; unknown to the agent, as its headers are",
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    byDefault: 'none',
    meaning: 'what that receiver wants, `name=value` in URL encoding; a secret',
  },
  OTEL_EXPORTER_OTLP_PROTOCOL: { byDefault: '`http/protobuf`', meaning: 'or `http/json`' },
  OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: {
    byDefault: '`delta`; for Grafana `cumulative`',
    meaning: 'how counters are told',
  },
  OTEL_SERVICE_NAME: { byDefault: "Claude Code's", meaning: "the service's name" },
  OTEL_RESOURCE_ATTRIBUTES: { byDefault: 'none', meaning: "`key=value` pairs added to the box's own" },
  OTEL_LOG_USER_PROMPTS: { byDefault: '`0`', meaning: '`1`: prompts go along' },
  OTEL_LOG_TOOL_DETAILS: { byDefault: '`0`', meaning: '`1`: commands and file names go along' },
  GRAFANA_CLOUD_INSTANCE_ID: {
    byDefault: 'none',
    meaning: 'the three of Grafana Cloud, in place of endpoint and headers',
  },
  GRAFANA_CLOUD_API_KEY: { byDefault: 'none', meaning: 'its token; a secret' },
  GRAFANA_CLOUD_OTLP_ENDPOINT: { byDefault: 'none', meaning: 'its OTLP address' },
  AGENT_USER: {
    byDefault: 'the owner of [the volumes](docs/work-and-rescue.md#whose-it-is), else `1000:1000`',
    meaning: 'whom the agent runs as, `uid:gid`',
  },
  AGENT_ENV: {
    byDefault: 'none',
    meaning:
      "names of variables of the container that the agent's session has as well, by commas; [not every one](docs/configuration.md#variables-for-the-agent)",
  },
  AGENT_ENV_FILE: { byDefault: 'none', meaning: 'path of a file with more of them, `NAME=value` a line' },
  TZ: { byDefault: '`UTC`', meaning: "time zone of the agent's session" },
  LANG: { byDefault: '`C.UTF-8`', meaning: 'its locale, where the image has it' },
  EXTRA_CA_CERTS: { byDefault: 'none', meaning: 'path of a PEM bundle to trust as well' },
  WORKSPACE_SIZE: {
    byDefault: 'three eighths of the memory, at least `512m`',
    meaning: 'size of the tmpfs at `/workspace`, where the box mounts it',
  },
  TMP_SIZE: {
    byDefault: 'an eighth, at least `512m`',
    meaning: 'size of the tmpfs at `/tmp`, where the box mounts it',
  },
  HOME_SIZE: {
    byDefault: 'a quarter, at least `1g`',
    meaning: 'size of the tmpfs at `/home/claude`, where the box mounts it',
  },
  AGENT_MEMORY: {
    byDefault: 'what the container has, less a quarter, 256 MB at most',
    meaning:
      "memory of all the agent's processes and of its files in memory; see [limits](docs/operations.md#limits)",
  },
  AGENT_PROCESSES: {
    byDefault: '`1000`, or twice the square of the processors; 128 fewer than `--pids-limit` at most',
    meaning: 'processes and threads the agent may have at once',
  },
  BOOT_TIMEOUT: { byDefault: '`120`', meaning: 'seconds a boot may take; a clone has its own limit' },
  LOG_LEVEL: { byDefault: '`info`', meaning: '`trace`, `debug`, `info`, `warn`, `error` or `fatal`' },
  LOG_FORMAT: { byDefault: '`json`, on a terminal `pretty`', meaning: "the supervisor's log on stdout" },
};
