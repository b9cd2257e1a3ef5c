import { Paths } from '../../core/paths.ts';
import type { ShortHost } from '../../host/host.ts';
import { workspaceAsBooted } from '../../state/workspace-as-booted.ts';
import { type BranchStanding, parseDefaultBranch, planSync, renderStart, renderSynced } from '../fork.ts';
import { isAside } from '../session-name.ts';

/** Milliseconds git has for the network, and for everything else. */
const patience = { network: 30_000, local: 10_000 };

/**
 * Brings the default branch of a fork up to its upstream at a session's start: forward only, and never under work
 * that is not committed. It runs beside the session, and says one line where there is something to say.
 */
export async function syncFork(host: ShortHost, input: string): Promise<string> {
  const session = (JSON.parse(input) as { session_id?: unknown } | null)?.session_id;
  if (typeof session !== 'string' || isAside(session)) return '';
  const standing = await lookUpstream(host);
  if (standing === null) return '';
  const plan = planSync(standing);
  if (plan.kind === 'nothing') return '';
  if (plan.kind === 'leave') return renderStart(plan.why);
  await bringForward(host, plan.kind, standing.branch);
  return renderStart(renderSynced(standing));
}

async function lookUpstream(host: ShortHost): Promise<BranchStanding | null> {
  // Most clones are none of a fork, and git takes as long to start as this whole program.
  const settings = host.files.readIfAny(`${workspaceAsBooted(host)}/repo/.git/config`);
  if (settings !== null && !settings.includes('[remote "upstream"]')) return null;
  await git(host, ['remote', 'get-url', 'upstream']);
  const branch = parseDefaultBranch(
    await git(host, ['ls-remote', '--symref', 'upstream', 'HEAD'], patience.network),
  );
  if (branch === null) return null;
  const remote = `refs/remotes/upstream/${branch}`;
  await git(
    host,
    ['fetch', '--quiet', '--no-tags', 'upstream', `+refs/heads/${branch}:${remote}`],
    patience.network,
  );
  const counts = await git(host, ['rev-list', '--left-right', '--count', `refs/heads/${branch}...${remote}`]);
  const [ahead = 0, behind = 0] = counts.trim().split(/\s+/).map(Number);
  const head = await git(host, ['rev-parse', '--symbolic-full-name', 'HEAD']);
  const current = head.trim() === `refs/heads/${branch}`;
  const dirty = current && (await git(host, ['status', '--porcelain'])).trim() !== '';
  return { branch, behind, ahead, current, dirty };
}

/** Both refuse whatever is no fast-forward, also where the session has been quicker than we. */
async function bringForward(host: ShortHost, kind: 'merge' | 'move', branch: string): Promise<void> {
  const remote = `refs/remotes/upstream/${branch}`;
  const move = ['fetch', '--quiet', '.', `${remote}:refs/heads/${branch}`];
  await git(host, kind === 'merge' ? ['merge', '--quiet', '--ff-only', remote] : move);
}

/** Runs git in the clone, as the agent: what its configuration there says is the agent's own affair. */
async function git(host: ShortHost, args: readonly string[], timeout = patience.local): Promise<string> {
  const { stdout } = await host.run({
    argv: [
      '/usr/bin/git',
      '-C',
      `${workspaceAsBooted(host)}/repo`,
      '-c',
      'core.hooksPath=/dev/null',
      ...args,
    ],
    env: {
      HOME: Paths.home,
      PATH: '/usr/local/bin:/usr/bin:/bin',
      LANG: 'C.UTF-8',
      GIT_TERMINAL_PROMPT: '0',
    },
    cwd: '/',
    timeout,
  });
  return stdout;
}
