import assert from 'node:assert/strict';
import { makeAllowlist } from '../../src/policy/allowlist.ts';
import { normaliseName } from '../../src/policy/host-name.ts';
import { parseRule, parseRules } from '../../src/policy/parse-rules.ts';
import { renderRule } from '../../src/policy/rule.ts';
import type { Target } from './driver.ts';

const seeds = [
  'api.example.org\n*.example.net # any\npackages.example.net:8443\npackages.example.net:80\n',
  'cdn.example.org ech\n*.example.net:8443\tech\nexample.org:80 ech\n',
  'ssh.example.org:22/tcp\n\n# none\nbücher.example.org:443\n',
  '*\n*.com\n*.co.uk\ncom\n192.0.2.1\nexample.org:53\nexample.org:0\nexample.org:99999/tcp\n',
];

/** Every rule that is read says what it means when written again, opens no suffix, and covers its own name. */
export const rules: Target = {
  name: 'rules',
  seeds: seeds.map((text) => Buffer.from(text)),
  check: (bytes) => {
    const parsed = parseRules(bytes.toString('utf8'), 'a file');
    const allowlist = makeAllowlist(parsed.rules);
    for (const rule of parsed.rules) {
      assert.deepEqual(parseRule(renderRule(rule)), rule);
      assert.equal(normaliseName(rule.name), rule.name);
      assert.ok(rule.name.includes('.') && rule.port > 0 && rule.port < 65536 && rule.port !== 53);
      assert.ok(
        bytes.length < 4 || allowlist.rulesFor(rule.wildcard ? `x.${rule.name}` : rule.name).length > 0,
      );
    }
    for (const { fault } of parsed.faults) assert.match(fault, /^[\x20-\x7e]*$/);
  },
};
