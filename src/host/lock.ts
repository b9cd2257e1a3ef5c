import lockfile from 'proper-lockfile';

/** Takes the lock at `path`; a lock whose holder stopped renewing it for ten seconds counts as left behind. */
export async function lock(path: string): Promise<() => Promise<void>> {
  const release = await lockfile.lock(path, {
    realpath: false,
    lockfilePath: path,
    stale: 10_000,
    update: 2000,
    retries: 0,
    // The lock only serialises boots: losing it to a stalled event loop is no reason to end the box.
    onCompromised: () => {},
  });
  return () => release().catch(() => {});
}
