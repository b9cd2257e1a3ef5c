import { expect, test } from 'vitest';
import { Journal } from '../../internet/journal.ts';
import { answerPullRequests, type PullRequest } from '../../internet/pull-requests.ts';

test('a pull request is opened in the repository whose id was told before', () => {
  const pulls = new Journal<PullRequest>();
  const told = answerPullRequests(
    { query: 'query { viewer { login } repo_000: repository(owner: "Ada", name: "one.two") { id } }' },
    pulls,
  );
  const { id: repositoryId } = (told as { repo_000: { id: string } }).repo_000;
  const input = { repositoryId, title: 'T', body: 'B', headRefName: 'day', baseRefName: 'main' };
  const opened = answerPullRequests(
    {
      query: 'mutation { createPullRequest(input: $input) { pullRequest { id url } } }',
      variables: { input },
    },
    pulls,
  );
  expect(opened?.createPullRequest).toMatchObject({
    pullRequest: { url: 'https://github.com/Ada/one.two/pull/1' },
  });
  expect(pulls.all()).toMatchObject([
    { repository: 'Ada/one.two', title: 'T', body: 'B', head: 'day', base: 'main' },
  ]);
});

test('a query that gh pr create does not send is nobody’s', () => {
  expect(answerPullRequests({ query: 'query { viewer { login } }' }, new Journal())).toBeUndefined();
});
