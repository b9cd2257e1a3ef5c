// npm.pkg.github.com, as far as `npm whoami` goes; any package is one nobody has published.
import { account } from './github-api.ts';
import { judgeCredential } from './token.ts';
import { type Handler, sendJson } from './web.ts';

export function createRegistry(token: string): Handler {
  return (request, response) => {
    const credential = judgeCredential(request, token);
    if (request.url !== '/-/whoami') return sendJson(response, 404, { error: 'Not found' });
    if (credential !== 'token') return sendJson(response, 401, { error: 'unauthenticated' });
    sendJson(response, 200, { username: account.login });
  };
}
