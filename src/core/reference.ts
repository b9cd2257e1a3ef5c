import { Paths } from './paths.ts';

/** What a document says of a file that the box makes: `scripts/docs.ts` renders it, a test holds it against a real box. */
export interface RunFile {
  readonly path: string;
  readonly mode: string;
  /** The users's and the group's name as the image has them; a number where it has none. */
  readonly owner: string;
  readonly what: string;
}

const rootOnly = 'root:root';
const forAgent = 'root:claude';

export const runFiles: readonly RunFile[] = [
  { path: Paths.state, mode: '644', owner: rootOnly, what: 'steps of the boot and state of the box' },
  { path: Paths.ready, mode: '644', owner: rootOnly, what: 'the id of the boot that is ready' },
  { path: Paths.log, mode: '600', owner: rootOnly, what: 'the log, at most 2 MB' },
  {
    path: Paths.refusals,
    mode: '644',
    owner: rootOnly,
    what: 'what was refused, for people; at most 256 KB',
  },
  { path: Paths.refusalsJson, mode: '644', owner: rootOnly, what: 'the same for programs' },
  { path: Paths.failuresJson, mode: '644', owner: rootOnly, what: 'what was allowed and failed' },
  { path: Paths.managed, mode: '644', owner: rootOnly, what: 'what Claude Code is told of telemetry' },
  { path: Paths.control, mode: '600', owner: rootOnly, what: 'where init takes the commands of an operator' },
  { path: Paths.lock, mode: '755', owner: rootOnly, what: 'serialises boots; gone when the boot is over' },
  { path: Paths.private, mode: '700', owner: rootOnly, what: 'holds the handover, for a moment' },
  { path: Paths.handover, mode: '600', owner: rootOnly, what: 'the settings on their way across the exec' },
  { path: Paths.packetLog, mode: '710', owner: 'root:65054', what: 'entered by the packet logger alone' },
  {
    path: Paths.packetLogSocket,
    mode: '222',
    owner: rootOnly,
    what: 'where the packet logger reports to init',
  },
  { path: Paths.agent, mode: '2750', owner: forAgent, what: 'the credential files' },
  {
    path: `${Paths.agent}/gitconfig`,
    mode: '640',
    owner: forAgent,
    what: 'who commits, and the helper for GitHub',
  },
  {
    path: `${Paths.agent}/npmrc`,
    mode: '640',
    owner: forAgent,
    what: "npm's settings, with GitHub's token for its packages",
  },
  {
    path: `${Paths.agent}/github-token`,
    mode: '640',
    owner: forAgent,
    what: "GitHub's token, for git's helper",
  },
  {
    path: `${Paths.agent}/claude-credential`,
    mode: '640',
    owner: forAgent,
    what: "Claude's account, gateway and models, `NAME=value` a line",
  },
  {
    path: `${Paths.agent}/claude-headers`,
    mode: '640',
    owner: forAgent,
    what: 'what its gateway wants beside',
  },
  {
    path: `${Paths.agent}/google-credentials.json`,
    mode: '640',
    owner: forAgent,
    what: "Google's file of credentials, for Vertex AI",
  },
  { path: `${Paths.agent}/prompt`, mode: '640', owner: forAgent, what: 'the first prompt' },
  { path: Paths.notice, mode: '640', owner: forAgent, what: 'what the first screen says once' },
  {
    path: Paths.session,
    mode: '700',
    owner: 'claude:claude',
    what: "the agent user's own: a small tmpfs, or it could fill the rest",
  },
  { path: Paths.socket, mode: '', owner: 'claude:claude', what: "tmux's socket" },
  {
    path: Paths.scratch,
    mode: '700',
    owner: 'claude:claude',
    what: "Claude Code's temporary files, in a tmpfs of their own: a full `/tmp` is not theirs",
  },
  {
    path: Paths.certificates,
    mode: '644',
    owner: rootOnly,
    what: 'the authorities that every program trusts',
  },
  {
    path: Paths.browserPolicy,
    mode: '644',
    owner: rootOnly,
    what: "the operator's certificates as a policy of Chromium and its kin",
  },
  {
    path: Paths.passwd,
    mode: '644',
    owner: rootOnly,
    what: 'the name of an agent user that the image does not know',
  },
  { path: Paths.group, mode: '644', owner: rootOnly, what: 'the same for its group' },
];
