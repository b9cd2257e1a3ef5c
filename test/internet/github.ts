// github.com as git sees it: the smart HTTP protocol by git's own program, credentials by ours.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { runCgi } from './cgi.ts';
import type { Journal } from './journal.ts';
import type { LargeFiles } from './lfs.ts';
import type { Repositories } from './repositories.ts';
import { type Credential, judgeCredential } from './token.ts';
import { type Handler, sendText } from './web.ts';

export interface GithubRequest {
  host: string;
  method: string;
  path: string;
  credential: Credential;
  status: number;
}

export interface GithubOptions {
  repositories: Repositories;
  journal: Journal<GithubRequest>;
  token: string;
  large: LargeFiles;
}

/** What a git URL asks for. */
export interface GitRequest {
  repository: string;
  /** The path below the repository, with its query. */
  rest: string;
  query: string;
  isPush: boolean;
}

/** Handles github.com. */
export function createGithub(options: GithubOptions): Handler {
  return async (request, response) => {
    const credential = judgeCredential(request, options.token);
    const { host = '' } = request.headers;
    response.on('finish', () => {
      const { method = '', url: path = '' } = request;
      options.journal.add({ host, method, path, credential, status: response.statusCode });
    });
    if (await options.large.answer(request, response)) return;
    const asked = parseGitRequest(request.url ?? '');
    if (asked === undefined) return sendText(response, 404, 'Not Found\n');
    await serveGit(asked, { request, response, credential }, options);
  };
}

/** Returns nothing for a URL that is not one of the smart protocol's. */
export function parseGitRequest(url: string): GitRequest | undefined {
  const [path = '', query = ''] = url.split('?');
  const match = /^\/([\w-]+\/[\w.-]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/.exec(path);
  const [, repository, rest] = match ?? [];
  if (repository === undefined || rest === undefined || repository.includes('..')) return undefined;
  const isPush = rest === 'git-receive-pack' || query === 'service=git-receive-pack';
  return { repository: repository.toLowerCase(), rest, query, isPush };
}

async function serveGit(
  asked: GitRequest,
  call: { request: IncomingMessage; response: ServerResponse; credential: Credential },
  { repositories }: GithubOptions,
): Promise<void> {
  const { request, response, credential } = call;
  const isPublic = !repositories.isPrivate(asked.repository);
  const mayPass = credential === 'token' || (credential === 'none' && isPublic && !asked.isPush);
  // Like the real one: without an account, a repository that is not there looks like a private one.
  const exists = await repositories.exists(asked.repository);
  if (!mayPass || (!exists && credential !== 'token')) return challenge(response);
  if (!exists) return sendText(response, 404, 'Repository not found.\n');
  if (asked.rest === 'git-receive-pack') await delay(repositories.delayOf(asked.repository));
  const env = renderCgiEnv(asked, request, repositories.root);
  await runCgi({ command: 'git', args: ['http-backend'], env }, request, response);
}

function challenge(response: ServerResponse): void {
  response.setHeader('www-authenticate', 'Basic realm="GitHub"');
  sendText(response, 401, 'Repository not found, or the credentials are not right.\n');
}

function renderCgiEnv(asked: GitRequest, request: IncomingMessage, root: string): Record<string, string> {
  const { headers, method = 'GET' } = request;
  const given = (name: string, value: string | undefined) => (value === undefined ? {} : { [name]: value });
  return {
    PATH: process.env.PATH ?? '',
    HOME: '/nonexistent',
    GIT_PROJECT_ROOT: root,
    GIT_HTTP_EXPORT_ALL: '1',
    PATH_INFO: `/${asked.repository}.git/${asked.rest}`,
    QUERY_STRING: asked.query,
    REQUEST_METHOD: method,
    REMOTE_USER: 'cloister-bot',
    REMOTE_ADDR: request.socket.remoteAddress ?? '',
    ...given('CONTENT_TYPE', headers['content-type']),
    ...given('CONTENT_LENGTH', headers['content-length']),
    ...given('HTTP_CONTENT_ENCODING', headers['content-encoding'] as string | undefined),
    ...given('GIT_PROTOCOL', headers['git-protocol'] as string | undefined),
  };
}
