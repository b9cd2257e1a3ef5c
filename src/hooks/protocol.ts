const repositoryUrl = /^https:\/\/github\.com\/([A-Za-z0-9-]{1,39})\/([A-Za-z0-9._-]{1,100}?)(\.git)?\/?$/;

/** @returns `owner/name` of a repository on github.com, or null for any other URL. */
export function repositoryOf(url: string): string | null {
  const [, owner, name] = repositoryUrl.exec(url) ?? [];
  return owner === undefined || name === undefined || /^\.+$/.test(name) ? null : `${owner}/${name}`;
}

/** @param text GitHub's answer about a repository.  @returns the https URL of what it was forked from, or null. */
export function parseParent(text: string): string | null {
  try {
    const value = JSON.parse(text) as { fork?: unknown; parent?: { full_name?: unknown } | null } | null;
    const name = value?.parent?.full_name;
    if (value?.fork !== true || typeof name !== 'string') return null;
    const url = `https://github.com/${name}`;
    return repositoryOf(url) === name ? url : null;
  } catch {
    return null;
  }
}
