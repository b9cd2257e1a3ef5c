// The few calls of api.github.com that `gh` makes when it logs in, asks who it is, or opens a pull request.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GithubOptions } from './github.ts';
import type { Journal } from './journal.ts';
import { answerPullRequests, type GraphqlCall, type PullRequest } from './pull-requests.ts';
import type { Repositories } from './repositories.ts';
import { judgeCredential } from './token.ts';
import { type Handler, readBody, sendJson } from './web.ts';

export const account = {
  login: 'cloister-bot',
  id: 4242,
  node_id: 'U_4242',
  type: 'User',
  name: 'Cloister Bot',
  email: null,
  html_url: 'https://github.com/cloister-bot',
};

const scopes = {
  'x-oauth-scopes': 'gist, read:org, repo, write:packages',
  'x-github-media-type': 'github.v3',
};

export interface GithubApiOptions extends Omit<GithubOptions, 'large'> {
  pulls: Journal<PullRequest>;
}

/** Handles api.github.com. */
export function createGithubApi({ journal, repositories, token, pulls }: GithubApiOptions): Handler {
  return async (request, response) => {
    const credential = judgeCredential(request, token);
    response.on('finish', () => {
      const { method = '', url: path = '', headers } = request;
      journal.add({ host: headers.host ?? '', method, path, credential, status: response.statusCode });
    });
    if (credential !== 'token') return refuse(response, credential === 'none');
    const path = (request.url ?? '').split('?')[0] ?? '';
    if (path === '/graphql') return answerGraphql(request, response, pulls);
    if (path === '/')
      return sendJson(response, 200, { current_user_url: 'https://api.github.com/user' }, scopes);
    if (path === '/user') return sendJson(response, 200, account, scopes);
    const [, name] = /^\/repos\/([\w-]+\/[\w.-]+)$/.exec(path) ?? [];
    if (name !== undefined && (await repositories.exists(name))) {
      return sendJson(response, 200, renderRepository(name, repositories), scopes);
    }
    return sendJson(response, 404, { message: 'Not Found', status: '404' }, scopes);
  };
}

/**
 * The `data` of an answer to one GraphQL query; nothing for a query that is not known. It holds what was
 * asked and no more: `gh` takes one field too many for an invalid token.
 */
export function answerQuery(query: string): Record<string, unknown> | undefined {
  const [, selection] = /\bviewer\s*{([\w\s,]*)}/.exec(query) ?? [];
  if (selection === undefined) return undefined;
  const fields = selection.split(/[\s,]+/).filter(Boolean);
  const known: Record<string, unknown> = { login: account.login, id: account.node_id, name: account.name };
  return { viewer: Object.fromEntries(fields.map((field) => [field, known[field] ?? null])) };
}

async function answerGraphql(
  request: IncomingMessage,
  response: ServerResponse,
  pulls: Journal<PullRequest>,
): Promise<void> {
  const { query = '', variables = {} } = JSON.parse(await readBody(request)) as Partial<GraphqlCall>;
  const data = answerPullRequests({ query, variables }, pulls) ?? answerQuery(query);
  const errors = [{ message: `The test internet does not know this query: ${query.slice(0, 500)}` }];
  sendJson(response, 200, data === undefined ? { errors } : { data }, scopes);
}

function refuse(response: ServerResponse, isAnonymous: boolean): void {
  const message = isAnonymous ? 'Requires authentication' : 'Bad credentials';
  sendJson(response, 401, { message, documentation_url: 'https://docs.github.com/rest', status: '401' });
}

function renderRepository(name: string, repositories: Repositories): Record<string, unknown> {
  const [owner, short] = name.split('/');
  const parent = repositories.parentOf(name);
  return {
    name: short,
    full_name: name,
    private: repositories.isPrivate(name),
    fork: parent !== null,
    ...(parent === null ? {} : { parent: { full_name: parent } }),
    default_branch: 'main',
    owner: { login: owner },
    clone_url: `https://github.com/${name}.git`,
    html_url: `https://github.com/${name}`,
  };
}
