import { Paths } from '../core/paths.ts';

/** Small heaps: init lives for days and does little. SIGUSR1 must not open Node's inspector. */
export const nodeFlags = ['--disable-sigusr1', '--max-semi-space-size=1'];
const environment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
  NODE_COMPILE_CACHE: '/usr/local/lib/cloister/cache',
  NODE_COMPILE_CACHE_READONLY: '1',
  // glibc gives back what is free at the end of a heap from this many bytes on, where it would learn to keep ever more; and
  // two heaps fragment less than one for each thread (mallopt(3)).
  MALLOC_TRIM_THRESHOLD_: '131072',
  MALLOC_ARENA_MAX: '2',
};

/** The environment of every Node program of ours that runs as root or as the egress user. */
export function ownNodeEnvironment(): Record<string, string> {
  return environment;
}

/** The environment of init itself. Whatever puts a file into a temporary folder puts it into one of root's. */
export function initEnvironment(term?: string): Record<string, string> {
  return { ...environment, TMPDIR: Paths.private, ...(term === undefined ? {} : { TERM: term }) };
}
