import { describe, expect, test } from 'vitest';
import { explanationOf, renderQuery } from '../../../../src/checks/verify/ask-denied.ts';
import {
  Explanation,
  parseQuery,
  Rcode,
  renderAnswer,
  renderError,
} from '../../../../src/network/dns-message.ts';

function asked() {
  const query = parseQuery(renderQuery('cloister-self-test.invalid'));
  if (query === null || !('name' in query)) throw new Error('no query');
  return query;
}

describe('the query of the self-test', () => {
  test('is one that the resolver takes', () => {
    expect(asked()).toMatchObject({ name: 'cloister-self-test.invalid', type: 1, class: 1, offered: 1232 });
  });

  test('knows the denial of the box’s own resolver by its explanation', () => {
    const why = { code: Explanation.blocked, text: 'not on the allowlist' };
    expect(explanationOf(renderError(asked().message, Rcode.noSuchName, why))).toBe(15);
  });

  test('takes no other answer for it', () => {
    const query = asked();
    expect(explanationOf(renderError(query.message, Rcode.noSuchName))).toBeNull();
    const other = { code: Explanation.rateLimited, text: '' };
    expect(explanationOf(renderError(query.message, Rcode.noSuchName, other))).toBe(31);
    expect(
      explanationOf(renderAnswer(query, { addresses: ['192.0.2.1'], ttl: 1, over: 'datagram' })),
    ).toBeNull();
    for (const cut of [0, 5, 12, 30, 40]) {
      const answer = renderError(query.message, Rcode.noSuchName, other).subarray(0, cut);
      expect(explanationOf(answer)).toBeNull();
    }
  });
});
