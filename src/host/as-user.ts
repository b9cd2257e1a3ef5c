/**
 * Does something as another user, as far as the kernel goes by the effective one: what a socket is, it is from its
 * making. Only root can, and it becomes itself again.
 */
export async function asUser<T>(uid: number, work: () => Promise<T>): Promise<T> {
  const own = process.geteuid?.() ?? uid;
  if (own !== 0) return work();
  process.seteuid?.(uid);
  try {
    return await work();
  } finally {
    process.seteuid?.(own);
  }
}
