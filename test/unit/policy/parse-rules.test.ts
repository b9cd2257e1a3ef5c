import { describe, expect, test } from 'vitest';
import { parseRule, parseRuleList, parseRules } from '../../../src/policy/parse-rules.ts';
import { type Rule, renderRule } from '../../../src/policy/rule.ts';

const rule = (name: string, more: Partial<Rule> = {}): Rule => ({
  name,
  wildcard: false,
  port: 443,
  protocol: 'tls',
  ...more,
});

describe('a rule', () => {
  test.each<[string, Rule]>([
    ['api.anthropic.com', rule('api.anthropic.com')],
    ['API.Anthropic.COM.', rule('api.anthropic.com')],
    ['*.example.org', rule('example.org', { wildcard: true })],
    ['*.a.github.io', rule('a.github.io', { wildcard: true })],
    ['example.net:8443', rule('example.net', { port: 8443 })],
    ['example.net:80', rule('example.net', { port: 80, protocol: 'http' })],
    ['*.debian.org:80', rule('debian.org', { wildcard: true, port: 80, protocol: 'http' })],
    ['ssh.github.com:22/tcp', rule('ssh.github.com', { port: 22, protocol: 'tcp' })],
    ['cdn.example.net ech', rule('cdn.example.net', { ech: true })],
    ['*.example.net:8443 \t ech', rule('example.net', { wildcard: true, port: 8443, ech: true })],
    ['example.net:80/tcp', rule('example.net', { port: 80, protocol: 'tcp' })],
    ['bücher.example', rule('xn--bcher-kva.example')],
    ['github.io', rule('github.io')],
    ['db.internal', rule('db.internal')],
  ])('%s is understood', (text, wanted) => {
    expect(parseRule(text)).toEqual(wanted);
  });

  test.each([
    'api.anthropic.com',
    '*.example.org',
    'a.example.net:8443',
    'a.example.net:80',
    'b.example.net:22/tcp',
    'a.example.net ech',
    '*.example.net:8443 ech',
  ])('%s is printed as it was written', (text) => {
    expect(renderRule(parseRule(text) as Rule)).toBe(text);
  });

  test.each([
    ['*', /no rule/],
    ['**', /no rule/],
    ['*.*', /no rule/],
    ['*.*.com', /no rule/],
    ['a.*.com', /no rule/],
    ['*example.org', /no rule/],
    ['*.', /no rule/],
    ['*.com', /top-level/],
    ['com', /top-level/],
    ['localhost', /top-level/],
    ['*.co.uk', /public suffix/],
    ['*.github.io', /public suffix/],
    ['*.s3.amazonaws.com', /public suffix/],
    ['*.kobe.jp', /public suffix/],
    ['*.compute.amazonaws.com', /public suffix/],
    ['*.КОМ', /no host name|top-level/],
    ['https://example.org', /no rule/],
    ['example.org/path', /no rule/],
    ['example.org:443/udp', /no rule/],
    ['example.org:', /no rule/],
    ['example.org:0', /no port/],
    ['example.org:65536', /no port/],
    ['example.org:53', /port 53/],
    ['example.org:53/tcp', /port 53/],
    ['example.org:443 other.org', /no rule/],
    ['example.org:80 ech', /only TLS/],
    ['example.org:22/tcp ech', /only TLS/],
    ['example.org ech ech', /no rule/],
    ['example.org ECH', /no rule/],
    ['example.orgech:', /no rule/],
    ['*.com ech', /top-level/],
    ['user@example.org', /no host name/],
    ['example..org', /no host name/],
    ['-a.example.org', /no host name/],
    ['a-.example.org', /no host name/],
    ['.example.org', /no host name/],
    ['example.org..', /no host name/],
    ['203.0.113.7', /no host name/],
    ['203.0.113.7:443', /no host name/],
    ['*.0.113.7', /no host name/],
    ['0x7f000001', /no host name/],
    ['127.0x1', /no host name/],
    ['2130706433', /no host name/],
    ['[2001:db8::1]', /no rule/],
    ['2001:db8::1', /no rule/],
    [`${'a'.repeat(64)}.example.org`, /no host name/],
    [`${'a.'.repeat(127)}org`, /no host name/],
    ['exa\0mple.org', /no host name/],
    ['$(reboot).example.org', /no host name/],
  ])('%j is none', (text, why) => {
    expect(parseRule(text)).toMatch(why);
  });

  test('is quoted in its fault with nothing a terminal would obey', () => {
    const fault = parseRule('evil\x1b[2J\u202e*.org') as string;
    expect(fault).toMatch(/no rule|no host name/);
    expect(fault).toMatch(/^[\x20-\x7e]+$/);
  });

  test('of 63 octets a label and 253 in all is still one', () => {
    const label = 'a'.repeat(63);
    expect(parseRule(`${label}.${label}.${label}.${'b'.repeat(61)}`)).toMatchObject({ port: 443 });
  });
});

describe('a file of rules', () => {
  test('has comments, blank lines and line numbers', () => {
    const { rules, faults } = parseRules(
      '# head\n\ngithub.com # git\n  *.example.org\t\n*.com\n*\n',
      'x.conf',
    );
    expect(rules.map(renderRule)).toEqual(['github.com', '*.example.org']);
    expect(faults.map(({ source, line }) => `${source}:${line}`)).toEqual(['x.conf:5', 'x.conf:6']);
  });

  test('may end its lines the way Windows does', () => {
    expect(parseRules('github.com\r\napi.github.com\r\n', 'x').faults).toEqual([]);
  });

  test('as a list counts its positions', () => {
    const { rules, faults } = parseRuleList('a.example.org, b.example.org:80 ,,*', 'ALLOW_DOMAINS');
    expect(rules).toHaveLength(2);
    expect(faults).toEqual([expect.objectContaining({ source: 'ALLOW_DOMAINS', line: 4 })]);
  });
});
