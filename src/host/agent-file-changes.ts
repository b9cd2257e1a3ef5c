import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { octetsOf } from './agent-files.ts';

/** The agent's files, changed as the agent: root never follows a path that the agent can change. Paths are octets. */
export function copyFile(from: string, to: string): void {
  copyFileSync(octetsOf(from), octetsOf(to));
}

/** @param text octets, or text that becomes UTF-8. */
export function writeFile(path: string, text: string | Buffer): void {
  writeFileSync(octetsOf(path), text);
}

export function makeFolder(path: string): void {
  mkdirSync(octetsOf(path), { recursive: true });
}

/** @returns a new folder whose path begins so. */
export function makeTemporaryFolder(path: string): string {
  return mkdtempSync(path);
}

export function removeFile(path: string): void {
  unlinkSync(octetsOf(path));
}

export function removeEmptyFolder(path: string): void {
  rmdirSync(octetsOf(path));
}

export function removeTree(path: string): void {
  rmSync(octetsOf(path), { recursive: true, force: true, maxRetries: 3, retryDelay: 20 });
}

/** @param target where the link at `path` leads. */
export function makeLink(target: string, path: string): void {
  symlinkSync(octetsOf(target), octetsOf(path));
}
