// The queries that `gh pr create` sends, and the pull requests that came of them.
import type { Journal } from './journal.ts';

export interface PullRequest {
  repository: string;
  title: string;
  body: string;
  head: string;
  base: string;
}

export interface GraphqlCall {
  query: string;
  variables?: Record<string, unknown>;
}

/** The `data` of an answer to such a query, nothing for any other. A mutation adds a pull request. */
export function answerPullRequests(
  { query, variables = {} }: GraphqlCall,
  pulls: Journal<PullRequest>,
): Record<string, unknown> | undefined {
  const network = [...query.matchAll(/(repo_\d+): repository\(owner: "([\w-]+)", name: "([\w.-]+)"\)/g)];
  if (network.length > 0) {
    const named = network.map(([, alias, owner, name]) => [alias, renderRepository(owner ?? '', name ?? '')]);
    return { viewer: { login: 'cloister-bot' }, ...Object.fromEntries(named) };
  }
  if (/\bcreatePullRequest\(/.test(query)) return createPullRequest(variables.input, pulls);
  if (/\bpullRequests\(/.test(query)) {
    return { repository: { pullRequests: { nodes: [] }, defaultBranchRef: { name: 'main' } } };
  }
  if (/\bquery RepositoryInfo\b/.test(query)) {
    const { owner, name } = variables as Record<string, string>;
    return { repository: { ...renderRepository(owner ?? '', name ?? ''), ...features } };
  }
  return undefined;
}

const features = {
  description: '',
  hasIssuesEnabled: true,
  hasWikiEnabled: false,
  mergeCommitAllowed: true,
  rebaseMergeAllowed: true,
  squashMergeAllowed: true,
};

function createPullRequest(input: unknown, pulls: Journal<PullRequest>): Record<string, unknown> {
  const { repositoryId, title, body, headRefName, baseRefName } = input as Record<string, string>;
  const repository = Buffer.from(repositoryId ?? '', 'base64url').toString('utf8');
  pulls.add({
    repository,
    title: title ?? '',
    body: body ?? '',
    head: headRefName ?? '',
    base: baseRefName ?? '',
  });
  const number = pulls.all().length;
  return {
    createPullRequest: {
      pullRequest: { id: `PR_${number}`, url: `https://github.com/${repository}/pull/${number}` },
    },
  };
}

function renderRepository(owner: string, name: string): Record<string, unknown> {
  return {
    id: Buffer.from(`${owner}/${name}`).toString('base64url'),
    name,
    owner: { login: owner },
    viewerPermission: 'WRITE',
    defaultBranchRef: { name: 'main' },
    isPrivate: false,
    parent: null,
  };
}
