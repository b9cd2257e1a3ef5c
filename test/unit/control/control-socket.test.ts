import { describe, expect, test } from 'vitest';
import { askList, type ListCommand } from '../../../src/cli/rules.ts';
import { makeControl } from '../../../src/control/control-socket.ts';
import type { Log } from '../../../src/core/log.ts';
import { Paths } from '../../../src/core/paths.ts';
import { FakeMachine } from '../../../src/host/fake-host.ts';
import { makePolicyStore } from '../../../src/init/policy-store.ts';
import type { ListInForce } from '../../../src/policy/live-list.ts';
import { neededBy } from '../../../src/policy/needed-hosts.ts';
import { parseRuleSet } from '../../../src/policy/parse-rule-set.ts';
import { parseRule, parseRules } from '../../../src/policy/parse-rules.ts';
import { renderDenial, renderRule } from '../../../src/policy/rule.ts';

const claude = { credentials: [], variables: {}, rules: [], headers: null, google: null };

/** A box whose init answers on the control socket, and the operator's commands beside it. */
function setUp() {
  const machine = new FakeMachine();
  const events: [string, Record<string, unknown> | undefined][] = [];
  const log: Log = {
    event: (_, event, fields) => events.push([event, fields]),
    hide: () => {},
    redact: (text) => text,
  };
  const world = {
    files: 'a.example\n*.wild.example\n',
    sets: {
      browsers: '# Browsers\ncdn.example # builds (*)\nstorage.example # the rest',
      go: '# Go\nproxy.example\nstorage.example',
    } as Record<string, string>,
    applied: [] as ListInForce[],
    failure: null as Error | null,
    slow: null as Promise<void> | null,
  };
  const host = machine.program();
  const policyStore = makePolicyStore({
    host,
    log,
    base: parseRules(world.files, 'domains.conf').sourced,
    parseRule: async (text) => parseRule(text),
    readSets: async () => ({
      sets: Object.entries(world.sets).map(([name, text]) => parseRuleSet(text, { name, source: name }).set),
      faults: [],
    }),
    readBase: async () => {
      const { sourced, faults } = parseRules(world.files, 'domains.conf');
      return { base: sourced, faults: faults.map(({ source, line, fault }) => `${source}:${line} ${fault}`) };
    },
    neededBy: neededBy({
      repository: { url: 'https://git.example.org:8443/you/p', ref: null },
      rescue: { scope: null, interval: 0, size: 0 },
      claude,
    }),
    reserved: ({ name }) => (name === 'ntfy.example' ? 'ntfy.example is reserved.' : null),
    apply: async (list) => {
      await world.slow;
      if (world.failure !== null) throw world.failure;
      world.applied.push(list);
    },
  });
  const control = makeControl({ book: policyStore, log, attack: async () => [], findGaps: async () => [] });
  host.serve(Paths.control, control);
  const type = async (line: string, uid = 0) => {
    machine.printed.length = 0;
    machine.printedErrors.length = 0;
    const [command, ...args] = line.split(' ');
    const code = await askList(machine.program({ uid }), command as ListCommand, args);
    return { code, out: machine.printed.join(''), err: machine.printedErrors.join('') };
  };
  const rules = () => policyStore.inForce.rules.map(renderRule);
  const denied = () => policyStore.inForce.denied.map(renderDenial);
  return { machine, events, world, control, policyStore, type, rules, denied };
}

describe('the operator', () => {
  test('allows a name until the next boot', async () => {
    const { type, rules, world, events } = setUp();
    expect(await type('allow new.example')).toEqual({
      code: 0,
      out: 'new.example is allowed until the next boot.\n',
      err: '',
    });
    expect(rules()).toContain('new.example');
    expect(world.applied).toHaveLength(1);
    expect(events).toEqual([
      [
        'rules.changed',
        { how: 'allow', rule: 'new.example', until: null, added: ['new.example'], removed: [] },
      ],
    ]);
  });

  test.each(['allow new.example ech', 'allow new.example ech --for 1h'])(
    'is told what may hide behind it: %s',
    async (words) => {
      const { type, rules } = setUp();
      expect((await type(words)).out).toMatch(/^new\.example ech is allowed until .*\n.*hide.*risk\.\n$/);
      expect(rules()).toContain('new.example ech');
      expect(await type('deny new.example')).toMatchObject({ code: 0 });
      expect(rules()).not.toContain('new.example ech');
    },
  );

  test.each(['allow ech', 'allow new.example ech ech', 'allow new.example:80 ech', 'allow ech new.example'])(
    'is told that it can mean nothing: %s',
    async (words) => {
      const { type, world } = setUp();
      expect(await type(words)).toMatchObject({ code: 78, out: '' });
      expect(world.applied).toEqual([]);
    },
  );

  test('is told why a name can never be allowed', async () => {
    const { type, rules, world } = setUp();
    expect(await type('allow ntfy.example')).toMatchObject({ code: 78, err: 'ntfy.example is reserved.\n' });
    expect(rules()).not.toContain('ntfy.example');
    expect(world.applied).toEqual([]);
  });

  test('allows a name for a time, after which it is denied again', async () => {
    const { machine, type, rules, events } = setUp();
    expect((await type('allow new.example --for 1h')).out).toMatch(/is allowed until 20\S+Z\.\n$/);
    await machine.advance(3_599_000);
    expect(rules()).toContain('new.example');
    await machine.advance(2000);
    expect(rules()).not.toContain('new.example');
    expect(events.at(-1)).toEqual(['rules.changed', { how: 'expired', added: [], removed: ['new.example'] }]);
  });

  test('means a time that passes, however the clock is set, and is told the end by the clock as it is', async () => {
    const { machine, type, rules } = setUp();
    await type('allow new.example --for 1h');
    for (const ahead of [86_400_000, -86_400_000]) {
      machine.clock.ahead = ahead;
      await machine.advance(1_000_000);
      expect(rules()).toContain('new.example');
      const end = Date.parse(/until (\S+)$/m.exec((await type('rules')).out)?.[1] ?? '');
      expect(end - machine.clock.now - ahead).toBe(ahead > 0 ? 2_600_000 : 1_600_000);
    }
    await machine.advance(1_601_000);
    expect(rules()).not.toContain('new.example');
  });

  test('prolongs it', async () => {
    const { machine, type, rules } = setUp();
    await type('allow new.example --for 10s');
    await type('allow new.example --for 60s');
    await machine.advance(30_000);
    expect(rules()).toContain('new.example');
    await machine.advance(31_000);
    expect(rules()).not.toContain('new.example');
  });

  test.each([
    ['api.anthropic.com', /^The model answers at api\.anthropic\.com: .*allow api\.anthropic\.com`\.$/],
    ['api.anthropic.com:443', /^The model answers .*allow api\.anthropic\.com:443`\.$/],
    ['*.anthropic.com', /^The model answers .*allow \*\.anthropic\.com`\.$/],
    ['API.Anthropic.com.', /^The model answers /],
    ['git.example.org', /^The rescue saves to git\.example\.org:8443: .*allow git\.example\.org`\.$/],
    ['git.example.org:8443', /^The rescue saves to /],
    ['*.example.org', /^The rescue saves to .*allow \*\.example\.org`\.$/],
  ])('denies what the box needs, %s, and hears what stops', async (rule, sentence) => {
    const [first, second, ...more] = (await setUp().type(`deny ${rule}`)).out.trim().split('\n');
    expect(first).toMatch(/ is denied until the next boot\.$/);
    expect(second).toMatch(sentence);
    expect(more).toEqual([]);
  });

  test.each([
    'api.anthropic.com:8443',
    'platform.claude.com',
    'git.example.org:443',
    '*.git.example.org',
    '*.api.anthropic.com',
    'a.example',
  ])('denies what it does without, %s, and hears no more', async (rule) => {
    expect((await setUp().type(`deny ${rule}`)).out.trim().split('\n')).toHaveLength(1);
  });

  test.each([
    ['without a repository', { repository: null, rescue: { scope: null, interval: 0, size: 0 } }],
    [
      'with no rescue wanted',
      {
        repository: { url: 'https://github.com/a/b', ref: null },
        rescue: { scope: 'off' as const, interval: 0, size: 0 },
      },
    ],
  ])('hears nothing of a rescue %s', (_, settings) => {
    expect(neededBy({ ...settings, claude })({ name: 'github.com', wildcard: false, port: null })).toEqual(
      [],
    );
  });

  test('hears of the gateway that answers in the place of the model', () => {
    const rule = { name: 'gateway.example', wildcard: false, port: 8443, protocol: 'tls' as const };
    const gateway = { ...claude, rules: [{ rule, source: 'ANTHROPIC_BASE_URL' }] };
    const needed = neededBy({
      repository: null,
      rescue: { scope: null, interval: 0, size: 0 },
      claude: gateway,
    });
    expect(needed({ name: 'api.anthropic.com', wildcard: false, port: null })).toEqual([]);
    expect(needed({ name: 'gateway.example', wildcard: false, port: null })).toEqual([
      expect.stringMatching(/^The model answers at gateway\.example:8443: /),
    ]);
  });

  test('denies a name, and allows it again', async () => {
    const { type, denied } = setUp();
    expect((await type('deny x.wild.example')).out).toBe('x.wild.example is denied until the next boot.\n');
    expect(denied()).toEqual(['x.wild.example']);
    await type('allow x.wild.example');
    expect(denied()).toEqual([]);
  });

  test('is told when a file allows it already', async () => {
    const { type } = setUp();
    expect((await type('allow a.example')).out).toBe('a.example is allowed by domains.conf:1 already.\n');
  });

  test('sees the list with its sources', async () => {
    const { type } = setUp();
    await type('allow new.example --for 1h');
    await type('deny a.example:8443');
    const { out } = await type('rules --json');
    expect(JSON.parse(out)).toEqual({
      rules: [
        { rule: 'a.example', source: 'domains.conf:1', set: null, until: null },
        { rule: '*.wild.example', source: 'domains.conf:2', set: null, until: null },
        { rule: 'new.example', source: 'cloister allow', set: null, until: expect.stringMatching(/Z$/) },
      ],
      denied: ['a.example:8443'],
    });
    expect((await type('rules')).out.split('\n')).toHaveLength(5);
  });

  test('has the files read again, whole', async () => {
    const { type, world, rules } = setUp();
    world.files = 'a.example\nb.example\n';
    expect((await type('reload')).out).toBe('The files were read:\n+ b.example\n- *.wild.example\n');
    expect(rules()).toEqual(['a.example', 'b.example']);
    expect((await type('reload')).out).toBe('The files were read; no rule has changed.\n');
  });

  test('hears every fault of the files, and nothing has changed', async () => {
    const { type, world, rules, events } = setUp();
    world.files = 'b.example\n*.com\nnot a rule\n';
    const { code, err } = await type('reload');
    expect(code).toBe(78);
    expect(err).toMatch(/^Nothing was changed:\ndomains\.conf:2 .*\ndomains\.conf:3 .*\n$/);
    expect(rules()).toEqual(['a.example', '*.wild.example']);
    expect(world.applied).toEqual([]);
    expect(events.at(-1)?.[0]).toBe('rules.invalid');
  });

  test.each(['allow new.example', 'deny a.example', 'reload'])(
    'is told when the firewall would not take %j, and the old list stays',
    async (command) => {
      const { type, world, rules, denied, events } = setUp();
      world.files = 'b.example\n';
      world.failure = new Error('iptables-restore exited with 4\x1b[2J');
      expect(await type(command)).toEqual({
        code: 70,
        out: '',
        err: 'Nothing was changed: iptables-restore exited with 4?[2J\n',
      });
      expect([rules(), denied()]).toEqual([['a.example', '*.wild.example'], []]);
      expect(events.at(-1)?.[0]).toBe('rules.failed');
    },
  );

  test('an end the firewall would not take is tried again', async () => {
    const { machine, type, world, rules } = setUp();
    await type('allow new.example --for 10s');
    world.failure = new Error('busy');
    await machine.advance(15_000);
    expect(rules()).toContain('new.example');
    world.failure = null;
    await machine.advance(10_000);
    expect(rules()).not.toContain('new.example');
  });

  test('two changes at once both hold', async () => {
    const { type, world, rules, machine } = setUp();
    let go: () => void = () => {};
    world.slow = new Promise((resolve) => {
      go = resolve;
    });
    const both = Promise.all([type('allow one.example'), type('allow two.example')]);
    await machine.advance(0);
    go();
    await both;
    expect(rules()).toEqual(expect.arrayContaining(['one.example', 'two.example']));
  });

  test.each([
    'allow',
    'allow --for 1h',
    'allow x.example --for',
    'allow x.example --for 5',
    'allow x.example --for -1h',
    'allow x.example --for 1h more',
    'allow x.example y.example',
    'allow *.com',
    'allow x',
    'allow 203.0.113.1',
    'allow x.example:53',
    'allow \x1b[2J.example',
    'allow @',
    'allow @browser',
    'allow @Browsers',
    'allow @../browsers',
    'allow @\x1b[2J',
    'deny @none',
    'rules --sets --all',
    'allow $(reboot).example',
    'deny',
    'deny --all',
    'deny x..example',
    'reload now',
    'rules --xml',
  ])('%j is answered with one printable line and 78, and changes nothing', async (line) => {
    const { type, world } = setUp();
    const { code, out, err } = await type(line);
    expect([code, out]).toEqual([78, '']);
    expect(err).toMatch(/^[\x20-\x7e]+\n$/);
    expect(world.applied).toEqual([]);
  });

  test('is told where no init answers', async () => {
    const { machine, type } = setUp();
    machine.sockets.served.clear();
    expect(await type('reload')).toMatchObject({ code: 70, err: expect.stringContaining('does not answer') });
  });
});

test.each([
  'allow x.example',
  'allow @browsers',
  'deny x.example',
  'deny @browsers',
  'reload',
  'rules',
  'rules --sets',
])('the agent may not %s', async (line) => {
  const { type, world } = setUp();
  const { code, out, err } = await type(line, 1000);
  expect([code, out, world.applied]).toEqual([77, '', []]);
  expect(err).toMatch(/^[^\n]+\n$/);
});

describe('a set', () => {
  test('is allowed whole, for a time, after which all of it is denied again', async () => {
    const { machine, type, rules, events } = setUp();
    expect((await type('allow @browsers --for 2h')).out).toMatch(
      /^@browsers is allowed until 20\S+Z: 2 rules\.\n$/,
    );
    expect(rules()).toEqual(['a.example', '*.wild.example', 'cdn.example', 'storage.example']);
    expect(events.at(-1)?.[1]).toMatchObject({
      rule: '@browsers',
      added: ['cdn.example', 'storage.example'],
    });
    await machine.advance(7_199_000);
    expect(rules()).toContain('cdn.example');
    await machine.advance(2000);
    expect(rules()).toEqual(['a.example', '*.wild.example']);
    expect(events.at(-1)).toEqual([
      'rules.changed',
      { how: 'expired', added: [], removed: ['cdn.example', 'storage.example'] },
    ]);
  });

  test('that ends takes nothing that was allowed without it, or with another', async () => {
    const { machine, type, rules } = setUp();
    await type('allow cdn.example');
    await type('allow @browsers --for 1h');
    await type('allow @go');
    await machine.advance(3_601_000);
    expect(rules()).toEqual([
      'a.example',
      '*.wild.example',
      'cdn.example',
      'proxy.example',
      'storage.example',
    ]);
  });

  test('that is denied opens nothing any more, but for what stands elsewhere too, which is said', async () => {
    const { type, rules, denied } = setUp();
    await type('allow @go');
    await type('allow @browsers');
    expect((await type('deny @browsers')).out).toBe(
      '@browsers is denied until the next boot.\nstorage.example stays allowed by cloister allow @go.\n',
    );
    expect(denied()).toEqual(['cdn.example:443']);
    expect(rules()).toEqual(['a.example', '*.wild.example', 'proxy.example', 'storage.example']);
    await type('deny @go');
    expect(rules()).toEqual(['a.example', '*.wild.example']);
    expect((await type('allow @browsers')).code).toBe(0);
    expect(denied()).toEqual(['proxy.example:443']);
  });

  test('of which a host is reserved is not allowed at all', async () => {
    const { type, world, rules } = setUp();
    world.sets.own = 'fine.example\nntfy.example';
    expect(await type('allow @own')).toMatchObject({ code: 78, err: 'ntfy.example is reserved.\n' });
    expect(rules()).not.toContain('fine.example');
  });

  test('of which a host stays denied by a wildcard is not allowed at all', async () => {
    const { type, world, rules } = setUp();
    world.sets.own = 'fine.example\nx.wild.example';
    await type('deny *.wild.example');
    expect((await type('allow @own')).err).toMatch(/^x\.wild\.example stays denied by \*\.wild\.example/);
    expect(rules()).not.toContain('fine.example');
  });

  test('that the model needs is denied with the word for what stops', async () => {
    const { type, world } = setUp();
    world.sets.claude = 'api.anthropic.com';
    expect((await type('deny @claude')).out).toMatch(/\nThe model answers at api\.anthropic\.com: /);
  });

  test('that is none is answered with the nearest and all there are', async () => {
    expect((await setUp().type('allow @browser')).err).toBe(
      'There is no set @browser. The nearest is browsers; there are browsers, go.\n',
    );
  });

  test('of one rule is told as one', async () => {
    const { type, world } = setUp();
    world.sets.own = 'own.example';
    expect((await type('allow @own')).out).toBe('@own is allowed until the next boot: 1 rule.\n');
  });

  test('is told that a line opens all of it already', async () => {
    const { type, world } = setUp();
    world.sets.own = 'a.example';
    expect((await type('allow @own')).out).toBe('@own is allowed by domains.conf:1 already.\n');
  });

  test('is listed with what it is for, where it stands, and each host with its reason', async () => {
    const { type } = setUp();
    await type('allow @go');
    const lines = (await type('rules --sets')).out.split('\n');
    expect(lines[0]).toBe('@browsers: Browsers (not on the list)');
    expect(lines[1]).toMatch(/^ {2}cdn\.example +builds \(\*\)$/);
    expect(lines[3]).toBe('@go: Go (on the list by cloister allow @go)');
    expect(JSON.parse((await type('rules --sets --json')).out)).toContainEqual({
      set: 'browsers',
      about: 'Browsers',
      source: null,
      hosts: [
        { rule: 'cdn.example', reason: 'builds', shared: true },
        { rule: 'storage.example', reason: 'the rest', shared: false },
      ],
    });
  });

  test('shows in the list which set a rule came with', async () => {
    const { type } = setUp();
    await type('allow @go --for 1h');
    expect((await type('rules')).out).toMatch(/^proxy\.example +cloister allow @go, until 20\S+Z$/m);
  });
});

describe('the control socket', () => {
  test.each([
    '',
    'null',
    '7',
    '[]',
    '{"command":"allow"}',
    '{"command":"allow","rule":"x.example"}',
    '{"command":"allow","rule":"x.example","for":-1}',
    '{"command":"allow","rule":"x.example","for":"1h"}',
    '{"command":"allow","rule":["x.example"],"for":null}',
    '{"command":"toString","rule":"x.example"}',
    '{"command":"shell","rule":"x.example"}',
    '\x1b]52;c;eA==\x07',
    `{"command":"deny","rule":`,
  ])('answers %j with 78 and changes nothing', async (line) => {
    const { control, world } = setUp();
    expect(JSON.parse(await control(line))).toMatchObject({ code: 78 });
    expect(world.applied).toEqual([]);
  });

  test('answers whatever bytes it is given with one line of JSON', async () => {
    const { control } = setUp();
    const random = lcg(3);
    const whole = '{"command":"allow","rule":"\\u0000*.x.example:8443/tcp","for":60000}';
    for (let round = 0; round < 2000; round += 1) {
      const at = random() % whole.length;
      const line =
        whole.slice(0, at) + String.fromCharCode(random() % 300) + whole.slice(at + (random() % 3));
      const answer = await control(line);
      expect(answer).not.toContain('\n');
      expect([0, 78]).toContain((JSON.parse(answer) as { code: number }).code);
    }
  });
});

function lcg(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 8;
  };
}
