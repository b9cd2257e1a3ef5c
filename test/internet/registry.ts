// npm.pkg.github.com, as far as `npm whoami` and `npm install` go; it tells nobody anything without the token.
import { account } from './github-api.ts';
import { describePackage, packageTarball } from './packages.ts';
import { judgeCredential } from './token.ts';
import { type Handler, sendJson } from './web.ts';

export function createRegistry(token: string): Handler {
  return (request, response) => {
    const path = decodeURIComponent(request.url ?? '').slice(1);
    const tarball = packageTarball(path.replace(/^download\//, ''));
    const answer = path === '-/whoami' ? { username: account.login } : describePackage(path);
    if (answer === undefined && tarball === undefined) return sendJson(response, 404, { error: 'Not found' });
    if (judgeCredential(request, token) !== 'token') {
      return sendJson(response, 401, { error: 'unauthenticated' });
    }
    if (tarball === undefined) return sendJson(response, 200, answer);
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    response.end(tarball);
  };
}
