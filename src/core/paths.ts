/** The places the box and its image agree on. Everything below `run` is made by this boot and lives in memory. */
export const Paths = {
  program: '/usr/local/lib/cloister/cloister.mjs',
  node: '/usr/local/bin/node',
  /** Tells how a program ended where Node could not: see host/native/outcome.c. */
  outcome: '/usr/local/lib/cloister/outcome',
  seccomp: '/usr/local/lib/cloister/seccomp.bpf',
  packetLoggerSeccomp: '/usr/local/lib/cloister/seccomp-packet-log.bpf',
  /** Enters control groups and becomes another program. */
  join: '/usr/local/libexec/cloister/join',
  server: '/usr/local/libexec/cloister/server',
  /** Asks GitHub what it knows of a repository. */
  repositoryFacts: '/usr/local/libexec/cloister/repository-facts',
  domains: '/etc/cloister/domains.conf',
  domainsFolder: '/etc/cloister/domains.d',
  /** Sets of rules, a file each: the image's, and the operator's beside them. */
  sets: '/etc/cloister/sets',
  setsFolder: '/etc/cloister/sets.d',
  run: '/run/cloister',
  lock: '/run/cloister/boot.lock',
  state: '/run/cloister/state.json',
  ready: '/run/cloister/ready',
  log: '/run/cloister/log.jsonl',
  /** What was refused, for people and for programs; the agent may read both. */
  refusals: '/run/cloister/refusals.log',
  refusalsJson: '/run/cloister/refusals.jsonl',
  failuresJson: '/run/cloister/failures.jsonl',
  /** Where init takes the operator's commands: root's alone. */
  control: '/run/cloister/control.sock',
  handover: '/run/cloister/private/handover.json',
  private: '/run/cloister/private',
  /** Root's, entered by the reader of the firewall's log: the socket it reports to. */
  packetLog: '/run/cloister/packet-log',
  packetLogSocket: '/run/cloister/packet-log/log.sock',
  /** What Claude Code is told by this boot; the managed settings of the image link here. */
  managed: '/run/cloister/managed.json',
  packetLoggerSettings: '/etc/cloister/ulogd.conf',
  /** Root's, readable by the agent's group: what its programs need to know. */
  agent: '/run/cloister/agent',
  /** What the first screen says once. */
  notice: '/run/cloister/agent/notice',
  /** The agent's own: the tmux socket. A small tmpfs of its own, or the agent could fill the one that holds the state. */
  session: '/run/cloister/session',
  socket: '/run/cloister/session/tmux',
  /** Claude Code's temporary files, in a tmpfs of their own: whatever fills /tmp, its commands answer. */
  scratch: '/run/cloister/scratch',
  workspace: '/workspace',
  repository: '/workspace/repo',
  home: '/home/claude',
  /** Claude Code's configuration and conversations. */
  claude: '/home/claude/.claude',
  /** One volume for both, the workspace and what Claude Code keeps. */
  data: '/data',
  dataWorkspace: '/data/workspace',
  dataClaude: '/data/claude',
  /** Where the image's name service looks besides /etc: what the agent's user is called. */
  passwd: '/run/cloister/passwd',
  group: '/run/cloister/group',
  tmp: '/tmp',
  systemCertificates: '/etc/ssl/certs/system-certificates.crt',
  /** Where every program looks for authorities; the image links its usual place here. */
  certificates: '/run/cloister/ca-certificates.crt',
  /** What browsers trust beside their own list; the policies of the image link here. */
  browserPolicy: '/run/cloister/browser-policy.json',
} as const;
