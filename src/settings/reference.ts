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
  BOX_NAME: {
    byDefault: "on Fly the app's name, else `box`",
    meaning: 'tells this box from your others; the same again after it was recreated',
  },
  REPO_URL: { byDefault: 'none', meaning: 'https repository to clone to `/workspace/repo`' },
  REPO_REF: { byDefault: 'its default branch', meaning: 'branch or tag' },
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
  EXTRA_CA_CERTS: { byDefault: 'none', meaning: 'path of a PEM bundle to trust as well' },
  WORKSPACE_SIZE: {
    byDefault: '`512m`',
    meaning: 'size of the tmpfs at `/workspace`, where the box mounts it',
  },
  TMP_SIZE: { byDefault: '`512m`', meaning: 'size of the tmpfs at `/tmp`, where the box mounts it' },
  HOME_SIZE: { byDefault: '`1g`', meaning: 'size of the tmpfs at `/home/claude`, where the box mounts it' },
  AGENT_MEMORY: {
    byDefault: 'what the container has, less a quarter, 256 MB at most',
    meaning:
      "memory of all the agent's processes and of its files in memory; see [limits](docs/operations.md#limits)",
  },
  AGENT_PROCESSES: {
    byDefault: '`1000`, and 128 fewer than `--pids-limit` at most',
    meaning: 'processes and threads the agent may have at once',
  },
  BOOT_TIMEOUT: { byDefault: '`120`', meaning: 'seconds a boot may take; a clone has its own limit' },
  LOG_LEVEL: { byDefault: '`info`', meaning: '`trace`, `debug`, `info`, `warn`, `error` or `fatal`' },
  LOG_FORMAT: { byDefault: '`json`, on a terminal `pretty`', meaning: "the supervisor's log on stdout" },
};
