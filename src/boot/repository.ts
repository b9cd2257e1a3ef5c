import { agentEnvironment, confined, type Identity } from '../confinement/profile.ts';
import { printable } from '../core/printable.ts';
import type { StepTools } from '../core/step-tools.ts';
import { assertAnswered, CommandError } from '../host/command-error.ts';
import type { Command, Host } from '../host/host.ts';
import type { Settings } from '../settings/settings.ts';
import { explainClone } from './explain-clone.ts';
import { addUpstream, findUpstream } from './fork-parent.ts';
import { fetchParts, type RunAsAgent } from './repository-parts.ts';

/** Milliseconds a clone may take: it has its own deadline, because repositories differ. */
export const cloneDeadline = 15 * 60_000;

export type CloneResult =
  | { readonly kind: 'none' }
  /** With a sentence for each thing of it that is missing, or that the box can't do with it. */
  | { readonly kind: 'cloned' | 'kept'; readonly lacks: readonly string[] }
  | { readonly kind: 'failed'; readonly reason: string };

/**
 * What the agent may have left on a volume of its home does not speak here: no configuration, no program before the
 * system's, no helper that asks. The image's own configuration (`/etc/gitconfig`) does.
 */
const disarmed = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_ALLOW_PROTOCOL: 'https',
  // A large file that can't be had must not cost the clone: `git lfs pull` is the agent's.
  GIT_LFS_SKIP_SMUDGE: '1',
  PATH: '/usr/local/bin:/usr/bin:/bin',
};

/** @returns where the repository is, in the folder the agent works in. */
export function repositoryIn(workspace: string): string {
  return `${workspace}/repo`;
}

export interface CloneFacts {
  readonly repository: Settings['repository'];
  readonly agent: Identity;
  readonly workspace: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** @returns what stands in the way of a clone: the work of an earlier boot, or that there is nothing to clone. */
export async function findWork(
  host: Host,
  { repository, agent, workspace }: Pick<CloneFacts, 'repository' | 'agent' | 'workspace'>,
): Promise<'kept' | 'none' | null> {
  if (await isThere(host, repositoryIn(workspace), agent)) return 'kept';
  return repository === null ? 'none' : null;
}

/**
 * Clones the repository as the agent. Objects are fetched at once; no file of the repository's
 * is there before the box has proven itself. What is there already, on a volume, is kept as it is: nothing of ours
 * runs git in it.
 * @param box.proven rejects where the self-test fails: then the draft is taken back by the step's undo.
 */
export async function cloneRepository(
  host: Host,
  facts: CloneFacts & { readonly repository: NonNullable<Settings['repository']> },
  box: {
    proven: Promise<void>;
    /** Puts more into the fresh clone before it stands in its place. Never rejects. */
    fill: (draft: string) => Promise<void>;
    undo: StepTools['undo'];
    onProgress: (line: string) => void;
  },
): Promise<CloneResult> {
  const { repository, agent } = facts;
  const folder = repositoryIn(facts.workspace);
  const forkOf = findUpstream(host, { url: repository.url, agent, environment: facts.environment });
  // Else a clone that was cut off would pass for the work, on a volume at every boot to come.
  const draft = `${facts.workspace}/.repo.cloning`;
  const environment = { ...facts.environment, ...disarmed };
  // Where a path of the agent's leads is for the agent to find out: root does not enter it.
  const run = (argv: readonly string[], more: Partial<Command> = {}) =>
    host.run({ argv: confined(argv, agent), env: agentEnvironment(environment), cwd: '/', ...more });
  const cut = new AbortController();
  const onProgress = (line: string) => box.onProgress(printable(line));
  const fetching = fetchDraft(run, { repository, draft, more: { onProgress, abort: cut.signal } });
  let isDraft = true;
  box.undo(async () => {
    if (!isDraft) return;
    cut.abort();
    await fetching;
    await run(['/usr/bin/rm', '-rf', '--', draft]);
  });
  const failure = await fetching;
  await box.proven;
  try {
    if (failure !== null) throw failure;
    await checkOut(run, draft, onProgress);
    // A restore that was cut off is no work to keep either: the rescue it came from is whole.
    await box.fill(draft);
    const lacks = await fetchParts(run, { folder: draft, timeout: cloneDeadline, onProgress });
    await run(['/usr/bin/mv', '-T', '--', draft, folder]);
    isDraft = false;
    const upstream = await forkOf;
    // A clone without the remote is as good a clone.
    if (upstream !== null) await addUpstream(host, { upstream, agent, environment, folder }).catch(() => {});
    return { kind: 'cloned', lacks };
  } catch (error) {
    isDraft = false;
    return { kind: 'failed', reason: explainClone(error) };
  }
}

/** Fetches what a clone is made of, and checks out nothing: no hook, filter or attribute has a say in it.  @returns why not. */
async function fetchDraft(
  run: RunAsAgent,
  {
    repository: { url, ref },
    draft,
    more,
  }: { repository: NonNullable<Settings['repository']>; draft: string; more: Partial<Command> },
): Promise<unknown> {
  const branch = ref === null ? [] : ['--branch', ref];
  const clone = ['/usr/bin/git', 'clone', '--no-checkout', '--progress', ...branch, '--', url, draft];
  try {
    await run(['/usr/bin/rm', '-rf', '--', draft]);
    await run(clone, { timeout: cloneDeadline, ...more });
    return null;
  } catch (error) {
    return error;
  }
}

/** A repository without a commit has nothing to check out. */
async function checkOut(run: RunAsAgent, draft: string, onProgress: (line: string) => void): Promise<void> {
  const git = ['/usr/bin/git', '-C', draft];
  try {
    await run([...git, 'checkout', '--progress'], { timeout: cloneDeadline, onProgress });
  } catch (error) {
    const isEmpty = await run([...git, 'rev-parse', '--quiet', '--verify', 'HEAD']).then(
      () => false,
      (answer) => answer instanceof CommandError && answer.answered,
    );
    if (!isEmpty) throw error;
  }
}

/** Looked at as data: nothing of ours runs git in a folder that somebody else could write.  @returns as a clone does. */
export async function findLacks(
  host: Host,
  { agent, workspace }: Pick<CloneFacts, 'agent' | 'workspace'>,
): Promise<string[]> {
  const folder = repositoryIn(workspace);
  return (await isThere(host, `${folder}/.git/reftable`, agent))
    ? [
        'Its references are in a form (reftable) that a rescue can’t read: of the work the files alone are saved, and no branch, commit or stash. To have all of it saved: git refs migrate --ref-format=files.',
      ]
    : [];
}

/** Asked as the agent: a folder of its own may be closed to everybody else, and init can no longer look into it. */
function isThere(host: Host, path: string, agent: Identity): Promise<boolean> {
  const argv = confined(['/usr/bin/test', '-e', path, '-o', '-L', path], agent);
  return host.run({ argv, env: agentEnvironment(), cwd: '/' }).then(
    () => true,
    (error) => {
      assertAnswered(error);
      return false;
    },
  );
}
