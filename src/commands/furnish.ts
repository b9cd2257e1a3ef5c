import { lstatSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { type Furnishing, mergeClaudeState, renderGhHosts } from '../session/furnish.ts';

/**
 * Writes into the agent's home, as the agent: root never follows a path the agent can change. Takes a Furnishing
 * as JSON on stdin.
 */
export async function furnish(stdin: NodeJS.ReadableStream): Promise<number> {
  const furnishing = JSON.parse(await readAll(stdin)) as Furnishing;
  const { home, claudeFolder, githubToken } = furnishing;
  for (const name of ['.bashrc', '.profile', '.bash_logout']) copySkeleton(home, name);
  relink(join(home, '.local/bin/claude'), '/usr/local/bin/claude');
  const state = join(claudeFolder, '.claude.json');
  replace(state, mergeClaudeState(readIfAny(state), furnishing));
  const hosts = join(home, '.config/gh/hosts.yml');
  if (githubToken !== null) replace(hosts, renderGhHosts(githubToken));
  return 0;
}

function copySkeleton(home: string, name: string): void {
  const path = join(home, name);
  const text = readIfAny(join('/etc/skel', name));
  if (text !== null && lstatSync(path, { throwIfNoEntry: false }) === undefined) replace(path, text);
}

function relink(path: string, target: string): void {
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { force: true });
  symlinkSync(target, path);
}

function replace(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.cloister`;
  rmSync(draft, { force: true, recursive: true });
  writeFileSync(draft, text, { mode: 0o600, flag: 'wx' });
  renameSync(draft, path);
}

function readIfAny(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
