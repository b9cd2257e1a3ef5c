import { describe, expect, test } from 'vitest';
import type { Fault } from '../../../src/settings/fault.ts';
import { readSettings } from '../../../src/settings/read.ts';
import { type Settings, secretsOf } from '../../../src/settings/settings.ts';

const needed = { GH_PAT: 'github_pat_x', CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-x' };
const read = (path: string) => (path === '/run/secrets/proxy' ? 'http://proxy.example:3128\n' : '');
const settingsOf = (env: Record<string, string>) => readSettings({ ...needed, ...env }, read) as Settings;
const faultOf = (env: Record<string, string>) => (readSettings({ ...needed, ...env }, read) as Fault[])[0];

describe('HTTPS_PROXY', () => {
  test.each([
    ['http://proxy.example:3128', { host: 'proxy.example', port: 3128, authorization: null }],
    ['proxy.example:3128', { host: 'proxy.example', port: 3128, authorization: null }],
    ['http://Squid/', { host: 'squid', port: 80, authorization: null }],
    ['http://10.1.2.3:8080', { host: '10.1.2.3', port: 8080, authorization: null }],
    [
      'http://a%40b:p%3Aw@proxy:3128',
      { host: 'proxy', port: 3128, authorization: `Basic ${btoa('a@b:p:w')}` },
    ],
  ])('%s is taken', (text, proxy) => {
    expect(settingsOf({ HTTPS_PROXY: text }).proxy).toEqual({ ...proxy, exempt: [], url: text });
  });

  test.each([
    ['https://proxy.example:3128', /no http:\/\/ URL/],
    ['socks5://proxy.example:1080', /no http:\/\/ URL/],
    ['http://proxy.example/path', /has a path/],
    ['http://127.0.0.1:3128', /loopback/],
    ['http://[::1]:3128', /no host name/],
    ['http://proxy.example:53', /port 53/],
    ['http://a:%ff@proxy.example:1', /not well encoded/],
  ])('%s is refused', (text, fault) => {
    expect(faultOf({ HTTPS_PROXY: text })).toMatchObject({
      variable: 'HTTPS_PROXY',
      fault: expect.stringMatching(fault),
    });
  });

  test('is read from a file, and in lower case', () => {
    expect(settingsOf({ HTTPS_PROXY_FILE: '/run/secrets/proxy' }).proxy?.host).toBe('proxy.example');
    expect(
      settingsOf({ https_proxy: 'http://low:1', no_proxy: 'localhost,.corp.example' }).proxy,
    ).toMatchObject({
      host: 'low',
      exempt: ['localhost', 'corp.example'],
    });
    expect(settingsOf({ https_proxy: 'http://low:1', HTTPS_PROXY: 'http://high:1' }).proxy?.host).toBe(
      'high',
    );
  });

  test('with its account is a secret, each part that could stand alone', () => {
    const secrets = secretsOf(settingsOf({ HTTPS_PROXY: 'http://agent:kept-from-it@proxy.example:3128' }));
    for (const text of [
      'http://agent:kept-from-it@proxy.example:3128',
      'kept-from-it',
      btoa('agent:kept-from-it'),
    ])
      expect(secrets).toContain(text);
  });

  test('can not stand beside egress by address', () => {
    expect(faultOf({ HTTPS_PROXY: 'http://proxy:1', EGRESS_FALLBACK: 'address' })?.variable).toBe(
      'EGRESS_FALLBACK',
    );
  });

  test('a wrong NO_PROXY is told', () => {
    expect(faultOf({ NO_PROXY: 'a b' })?.variable).toBe('NO_PROXY');
    const { proxy } = settingsOf({
      HTTPS_PROXY: 'http://p:1',
      NO_PROXY: '*.a.example, b.example:8443,10.0.0.0/8,::1',
    });
    expect(proxy?.exempt.slice(0, 2)).toEqual(['a.example', 'b.example']);
  });
});
