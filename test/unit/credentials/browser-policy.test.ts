import { expect, test } from 'vitest';
import { renderBrowserPolicy } from '../../../src/credentials/browser-policy.ts';

const certificate = (body: string) => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;

test('a browser is told of each of the certificates, and of nothing else in their file', () => {
  const pem = `# ours\n${certificate('AAAA\nBB==')}Subject: X\r\n${certificate('CCCC').replaceAll('\n', '\r\n')}`;
  expect(JSON.parse(renderBrowserPolicy(pem))).toEqual({ CACertificates: ['AAAABB==', 'CCCC'] });
});

test.each(['', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'])(
  'without any it is told nothing: %j',
  (pem) => expect(renderBrowserPolicy(pem)).toBe('{}\n'),
);
