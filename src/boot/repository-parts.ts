import { chainOf } from '../core/errors.ts';
import { printable } from '../core/printable.ts';
import type { Command, Output } from '../host/host.ts';
import { explainClone } from './explain-clone.ts';

/** Runs a program as the agent, with nothing of its home's configuration. */
export type RunAsAgent = (argv: readonly string[], more?: Partial<Command>) => Promise<Output>;

/** Submodules that are fetched, paths that are looked at, and paths that are named. */
const most = { modules: 50, files: 5000, named: 5 };

interface Facts {
  /** The working tree. */
  readonly folder: string;
  /** Milliseconds each of them may take. */
  readonly timeout: number;
  readonly onProgress: (line: string) => void;
}

/**
 * Fetches what a clone has but the name of: submodules, and the content of files of Git LFS. A part that can't be had
 * costs nobody the clone.
 * @returns a sentence for each kind that is missing.
 */
export async function fetchParts(run: RunAsAgent, facts: Facts): Promise<string[]> {
  const named = await pathsOf(run, facts.folder, ['.gitmodules', large]);
  const hasModules = named.includes('.gitmodules');
  const files = named.filter((path) => path !== '.gitmodules');
  return [
    ...(hasModules ? await fetchModules(run, facts) : []),
    ...(files.length > 0 ? await fetchLargeFiles(run, facts, files) : []),
  ];
}

/** Files that Git LFS is to have, by the attributes of the working tree. */
const large = ':(attr:filter=lfs)';

/** @returns which of what git knows there fits. */
async function pathsOf(run: RunAsAgent, folder: string, patterns: readonly string[]): Promise<string[]> {
  const { stdout } = await run(['/usr/bin/git', '-C', folder, 'ls-files', '-z', '--', ...patterns]).catch(
    () => ({
      stdout: '',
    }),
  );
  return stdout.split('\0').filter((path) => path !== '');
}

/** One by one: one that can't be had would end the rest. One that a rescue has put there is left alone, but for its own. */
async function fetchModules(run: RunAsAgent, { folder, timeout, onProgress }: Facts): Promise<string[]> {
  const { absent, present } = await lookAtModules(run, folder);
  const update = ['submodule', 'update', '--init', '--recursive', '--progress'];
  const missing: string[] = [];
  let why = '';
  const fetch = (path: string, argv: readonly string[]) =>
    run(argv, { timeout, onProgress }).catch((error: unknown) => {
      missing.push(path);
      why ||= explainPart(error);
    });
  for (const path of absent.slice(0, most.modules))
    await fetch(path, ['/usr/bin/git', '-C', folder, ...update, '--', path]);
  for (const path of present.slice(0, most.modules))
    await fetch(path, ['/usr/bin/git', '-C', `${folder}/${path}`, ...update]);
  if (missing.length === 0) return [];
  return [
    `Submodules are not there, ${name(missing)}: ${sentence(why)} Once it is allowed: git submodule update --init --recursive.`,
  ];
}

/** @returns paths of submodules that are but a name, and of those that are there. */
async function lookAtModules(
  run: RunAsAgent,
  folder: string,
): Promise<{ absent: string[]; present: string[] }> {
  const { stdout } = await run(['/usr/bin/git', '-C', folder, 'submodule', 'status']).catch(() => ({
    stdout: '',
  }));
  const lines = stdout.split('\n').filter((line) => /^[-+ U][0-9a-f]{40}/.test(line));
  const pathOf = (line: string) =>
    line
      .slice(1)
      .replace(/^[0-9a-f]+ /, '')
      .replace(/ \([^()]*\)$/, '');
  const of = (isAbsent: boolean) => lines.filter((line) => line.startsWith('-') === isAbsent).map(pathOf);
  return { absent: of(true), present: of(false) };
}

async function fetchLargeFiles(
  run: RunAsAgent,
  { folder, timeout, onProgress }: Facts,
  files: readonly string[],
): Promise<string[]> {
  if ((await pointersAmong(run, folder, files)).length === 0) return [];
  const error = await run(['/usr/bin/git', '-C', folder, 'lfs', 'pull'], { timeout, onProgress }).then(
    () => null,
    (error: unknown) => error,
  );
  const after = await pointersAmong(run, folder, files);
  if (after.length === 0) return [];
  const why = error === null ? 'git lfs pull did not bring them.' : explainPart(error);
  return [
    `Files of Git LFS are pointers without their content, ${name(after)}: ${sentence(why)} Once it is allowed: git lfs pull.`,
  ];
}

/** @returns those that hold what Git LFS puts in their place. */
async function pointersAmong(run: RunAsAgent, folder: string, files: readonly string[]): Promise<string[]> {
  const mark = '^version https://git-lfs.github.com/spec/v1$';
  const look = ['/usr/bin/grep', '-lZ', '-m1', '-x', '-e', mark, '--', ...files.slice(0, most.files)];
  const { stdout } = await run(look, { cwd: folder }).catch(() => ({ stdout: '' }));
  return stdout.split('\0').filter((path) => path !== '');
}

function name(paths: readonly string[]): string {
  const named = paths.slice(0, most.named).map((path) => printable(path).slice(0, 100));
  const more = paths.length - named.length;
  return `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function sentence(text: string): string {
  return text.replace(/\.?$/, '.');
}

/** @returns the first thing that git found wrong, which it says again at every level above. */
function explainPart(error: unknown): string {
  const said = chainOf(error);
  if (/'lfs' is not a git command/.test(said)) return 'this image has no git-lfs';
  const [first] = /fatal: (?!clone of)[^|]+/.exec(said) ?? [];
  return explainClone(first === undefined ? error : new Error(first.trim()));
}
