import { describe, expect, test } from 'vitest';
import { parseCgiHead } from '../../internet/cgi.ts';
import { parseGitRequest } from '../../internet/github.ts';
import { answerQuery } from '../../internet/github-api.ts';
import { judgeCredential } from '../../internet/token.ts';

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

test.each([
  [undefined, 'none'],
  [basic('x-access-token:secret'), 'token'],
  [basic('secret:'), 'wrong'],
  ['Bearer secret', 'token'],
  ['token secret', 'token'],
  ['token Secret', 'wrong'],
])('the authorization %s is judged %s', (authorization, judgement) => {
  const headers = authorization === undefined ? {} : { authorization };
  expect(judgeCredential({ headers }, 'secret')).toBe(judgement);
});

describe('a git URL', () => {
  test('names the repository with and without its suffix', () => {
    const fetch = 'info/refs?service=git-upload-pack';
    expect(parseGitRequest(`/Owner/name.git/${fetch}`)?.repository).toBe('owner/name');
    expect(parseGitRequest(`/Owner/name/${fetch}`)?.repository).toBe('owner/name');
  });

  test('is a push from its first request on', () => {
    expect(parseGitRequest('/o/n/info/refs?service=git-receive-pack')?.isPush).toBe(true);
    expect(parseGitRequest('/o/n/git-receive-pack')?.isPush).toBe(true);
    expect(parseGitRequest('/o/n/git-upload-pack')?.isPush).toBe(false);
  });

  test.each(['/o/n', '/o/../info/refs', '/o/n/objects/info/packs', '/o/n/HEAD', '//info/refs'])(
    'is not %s',
    (url) => {
      expect(parseGitRequest(url)).toBeUndefined();
    },
  );
});

test('a CGI head is 200 unless it names a status', () => {
  expect(parseCgiHead('Content-Type: text/plain')).toEqual({
    status: 200,
    headers: { 'Content-Type': 'text/plain' },
  });
  expect(parseCgiHead('Status: 404 Not Found\r\nPragma: no-cache').status).toBe(404);
});

test('a GraphQL answer holds the fields that were asked, and no others', () => {
  expect(answerQuery('query UserCurrent{viewer{login}}')).toEqual({ viewer: { login: 'cloister-bot' } });
  expect(answerQuery('query { repository { id } }')).toBeUndefined();
});
