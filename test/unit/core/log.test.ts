import { describe, expect, test } from 'vitest';
import { BootError, chainOf } from '../../../src/core/errors.ts';
import { makeLog } from '../../../src/core/log.ts';
import { redact } from '../../../src/core/redact.ts';
import { parseSize, renderSize } from '../../../src/core/size.ts';
import { makePretty } from '../../../src/state/pretty-log.ts';

function setUp(level: 'info' | 'error' = 'info') {
  const lines: string[] = [];
  const log = makeLog({ level, write: (line) => lines.push(line) });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? '') as Record<string, unknown> };
}

describe('the log', () => {
  test('writes one JSON line an event', () => {
    const { log, lines, last } = setUp();
    log.event('info', 'boot.step', { step: 'firewall', duration: 3 });
    expect(lines).toHaveLength(1);
    expect(lines[0]?.endsWith('\n')).toBe(true);
    expect(last()).toMatchObject({ level: 'info', event: 'boot.step', step: 'firewall', duration: 3 });
  });

  test('keeps quiet below its level', () => {
    const { log, lines } = setUp('error');
    log.event('info', 'x');
    expect(lines).toEqual([]);
  });

  test('cannot be made to write a second line by what it is told', () => {
    const { log, lines } = setUp();
    log.event('warn', 'dns.denied', { name: 'x\n{"event":"boot.ready"}' });
    expect(lines.join('').trimEnd().split('\n')).toHaveLength(1);
  });
});

describe('a secret', () => {
  const secret = 'sk-ant-"quoted"\\back\u00e9';

  test.each<[string, Record<string, unknown>]>([
    ['under a harmless name', { note: `token is ${secret}!` }],
    ['deep in a value', { a: [{ b: { c: secret } }] }],
    ['inside JSON that is text itself', { body: JSON.stringify({ secret }) }],
    ['twice', { x: secret + secret }],
  ])('%s is not printed', (_, fields) => {
    const { log, lines } = setUp();
    log.hide([secret]);
    log.event('info', 'x', fields);
    expect(lines.join('')).toContain('[secret]');
    expect(lines.join('')).not.toContain('sk-ant-');
    expect(lines.join('')).not.toContain('quoted');
  });

  test('that is the beginning of another leaves no end of it behind', () => {
    expect(redact('token-abcdefgh', ['abcd', 'abcdefgh'])).toBe('token-[secret]');
  });

  test.each(['1800', '":"1', 'true', '{"level"', 'level'])(
    'such as %j, a short prompt, breaks no line',
    (prompt) => {
      const { log, last } = setUp();
      log.hide([prompt]);
      log.event('info', 'x', { duration: 1800, level_of: prompt, flag: true });
      expect(last()).toMatchObject({
        level: 'info',
        event: 'x',
        duration: 1800,
        level_of: '[secret]',
        flag: true,
      });
    },
  );

  test('of under four characters is left alone: it would hide half the log', () => {
    const { log, last } = setUp();
    log.hide(['', 'a', 'abc']);
    log.event('info', 'x', { note: 'abcabc' });
    expect(last().note).toBe('abcabc');
  });
});

describe('for people', () => {
  const pretty = makePretty(false);

  test('says what was refused in one sentence, and what would allow it', () => {
    const refused = { via: 'tls', reason: 'name-not-allowed', name: 'evil.test', address: null, port: 443 };
    const line = { level: 'warn', event: 'egress.refused', ...refused, count: 3, rule: 'evil.test' };
    expect(pretty(JSON.stringify(line))).toContain(
      'evil.test:443 refused 3 times: the name is not on the allowlist; to allow it: cloister allow evil.test',
    );
    expect(pretty(JSON.stringify({ ...line, set: 'browsers' }))).toContain(
      '; to allow it: cloister allow @browsers (it alone: cloister allow evil.test)',
    );
    const failed = {
      via: 'tls',
      trouble: 'dial-failed',
      name: 'a.test',
      port: 443,
      detail: 'timed out',
      count: 1,
    };
    expect(pretty(JSON.stringify({ level: 'warn', event: 'egress.failed', ...failed }))).toContain(
      'a.test:443 failed: the address could not be reached (timed out)',
    );
  });

  const line = (fields: object) => pretty(`${JSON.stringify({ level: 'info', time: 0, ...fields })}\n`);

  test('a step is one sentence', () => {
    expect(line({ event: 'boot.step', step: 'firewall', duration: 12, detail: '50 rules' })).toContain(
      'firewall (12 ms): 50 rules',
    );
  });

  test('a failure says what would mend it', () => {
    const text = line({
      event: 'boot.failed',
      step: 'mounts',
      message: 'no tmpfs',
      remedy: 'Add --tmpfs /tmp',
    });
    expect(text).toContain('boot failed at mounts: no tmpfs\nAdd --tmpfs /tmp');
  });

  test('anything else shows its fields', () => {
    expect(line({ event: 'dns.denied', name: 'evil.test', count: 2 })).toContain(
      'dns.denied name=evil.test count=2',
    );
  });
});

describe('an error', () => {
  test('shows its causes once, outermost first', () => {
    const inner = new Error('EPERM');
    const error = new BootError({
      message: 'step firewall failed',
      cause: new Error('iptables exited with 4', { cause: inner }),
    });
    expect(chainOf(error)).toBe('step firewall failed: iptables exited with 4: EPERM');
    expect(chainOf(new Error('same', { cause: new Error('same') }))).toBe('same');
    expect(chainOf('text')).toBe('text');
  });
});

describe('a size', () => {
  test.each([
    ['512m', 536870912],
    ['1g', 1073741824],
    ['16M', 16777216],
    ['20k', 20480],
    ['42', 42],
    ['1gb', 1073741824],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test.each(['', '0', '-1', '1.5g', '1t', 'm', '1 g', '1e3', '0x10', '99999999999999999m', '512mm'])(
    '%j is none',
    (text) => {
      expect(parseSize(text)).toBeNull();
    },
  );

  test.each(['512m', '1g', '16k', '1500m', '7'])('%s is rendered as it was', (text) => {
    expect(renderSize(parseSize(text) ?? 0)).toBe(text);
  });
});
