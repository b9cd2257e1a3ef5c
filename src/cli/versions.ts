import { ExitCode } from '../core/exit-codes.ts';
import type { Host } from '../host/host.ts';

/** Versions of what matters in the image; `unknown` where a package can't be found. */
export type Versions = Readonly<Record<'cloister' | 'claude' | 'node', string>>;

const manifests = {
  cloister: ['/usr/local/lib/cloister/package.json'],
  claude: ['/usr/local/lib/claude-code/package.json'],
};

export function readVersions(host: Host): Versions {
  const find = (paths: readonly string[]) =>
    paths.map((path) => versionIn(host.files.readIfAny(path))).find((version) => version !== null);
  return {
    cloister: find(manifests.cloister) ?? 'unknown',
    claude: find(manifests.claude) ?? 'unknown',
    node: host.nodeVersion,
  };
}

function versionIn(text: string | null): string | null {
  if (text === null) return null;
  const { version } = JSON.parse(text) as { version?: unknown };
  return typeof version === 'string' ? version : null;
}

/** Prints the version of the box. */
export function printVersion(host: Host): number {
  host.print(`cloister ${readVersions(host).cloister}\n`);
  return ExitCode.ok;
}
