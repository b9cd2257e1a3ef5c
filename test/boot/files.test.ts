import { describe, expect, test } from 'vitest';
import { mostRules } from '../../src/boot/allowlist-files.ts';
import { Paths } from '../../src/core/paths.ts';
import { bootToEnd, bootToReady, eventsOf, failureOf } from './drive.ts';
import { addVolume, domains, goodEnvironment, makeMachine } from './machine.ts';

const MB = 1024 ** 2;
const secrets = {
  GH_PAT: '/x',
  CLAUDE_CODE_OAUTH_TOKEN: '/x',
  NOTIFY_URL: '/x',
  NOTIFY_TOKEN: '/x',
  OTEL_EXPORTER_OTLP_HEADERS: '/x',
  GRAFANA_CLOUD_API_KEY: '/x',
};

/** Each file of the operator's that the boot reads: where it is, and the environment that names it. */
const files: [string, string, Record<string, string>][] = [
  ...Object.keys(secrets).map((name): [string, string, Record<string, string>] => {
    const { [name as 'GH_PAT']: _, ...others } = goodEnvironment;
    return [`${name}_FILE`, '/x', { ...others, [`${name}_FILE`]: '/x' }];
  }),
  ['EXTRA_CA_CERTS', '/x', { ...goodEnvironment, EXTRA_CA_CERTS: '/x' }],
  ['/etc/cloister/domains.conf', '/etc/cloister/domains.conf', goodEnvironment],
  ['/etc/cloister/domains.d/mine.conf', '/etc/cloister/domains.d/mine.conf', goodEnvironment],
  ['/etc/cloister/sets/go.conf', '/etc/cloister/sets/go.conf', goodEnvironment],
  ['/etc/cloister/sets.d/mine.conf', '/etc/cloister/sets.d/mine.conf', goodEnvironment],
  ['/etc/resolv.conf', '/etc/resolv.conf', goodEnvironment],
  ['/etc/passwd', '/etc/passwd', goodEnvironment],
  ['/etc/group', '/etc/group', goodEnvironment],
  ['/etc/ssl/certs/system-certificates.crt', '/etc/ssl/certs/system-certificates.crt', goodEnvironment],
];
const kinds = [
  ['a pipe', { text: '', kind: 'other' }, 'a pipe'],
  ['a folder', { text: '', kind: 'folder' }, 'EISDIR'],
  ['a gigabyte', { text: 'x'.repeat(5 * MB), kind: 'file' }, 'larger than'],
] as const;

describe.each(files)('%s', (name, path, env) => {
  test.each(kinds)('that is %s ends the boot with 78 that names it', async (_, { text, kind }, why) => {
    const machine = makeMachine();
    const folder = path.replace(/\/[^/]*$/, '');
    if (folder.startsWith('/etc/cloister/')) machine.files.putFolder(folder);
    machine.files.put(path, text, { kind });
    expect(await bootToEnd(machine, env)).toBe(78);
    expect(failureOf(machine)).toMatchObject({ step: 'settings', remedy: expect.stringContaining(name) });
    expect(failureOf(machine).remedy).toContain(why);
  });
});

describe('the files of the allowlist', () => {
  const remedyWith = async (change: (machine: ReturnType<typeof makeMachine>) => void) => {
    const machine = makeMachine();
    change(machine);
    expect(await bootToEnd(machine)).toBe(78);
    return String(failureOf(machine).remedy);
  };
  const folder = '/etc/cloister/domains.d';

  test.each(['file', 'link', 'other'] as const)('in a folder that is none but a %s', async (kind) => {
    expect(await remedyWith(({ files }) => files.put(folder, '', { kind }))).toContain(
      `${folder} is no folder`,
    );
  });

  test.each([
    ['NUL', 'github.com\n\0\0\n'],
    ['octets that are no UTF-8', Buffer.from([0xff, 0xfe, 0x0a]).toString('utf8')],
  ])('that hold %s are one fault, not one a line', async (_, text) => {
    const remedy = await remedyWith(({ files }) => files.put('/etc/cloister/domains.conf', text));
    expect(remedy).toBe('/etc/cloister/domains.conf is no text. Mount a file with a rule a line.');
  });

  test('that are wrong throughout are told by a few lines and a count', async () => {
    const remedy = await remedyWith(({ files }) =>
      files.put('/etc/cloister/domains.conf', 'x y\n'.repeat(5000)),
    );
    expect(remedy.split('\n')).toHaveLength(21);
    expect(remedy).toContain('has 4980 more such lines');
  });

  test('with more rules than a box can hold name the limit, with as many it boots', async () => {
    const names = (count: number) =>
      Array.from({ length: count }, (_, index) => `name-${index}.example.org\n`).join('');
    const remedy = await remedyWith(({ files }) =>
      files.put('/etc/cloister/domains.conf', names(mostRules + 1)),
    );
    expect(remedy).toContain(`The allowlist has more than ${mostRules} rules.`);
    const apart = await remedyWith(({ files }) => {
      files.putFolder(folder);
      files.put(`${folder}/a.conf`, names(mostRules));
    });
    expect(apart).toContain('The allowlist has more');
  });

  test('in too many files', async () => {
    const remedy = await remedyWith(({ files }) => {
      files.putFolder(folder);
      for (let count = 0; count <= 1000; count++) files.put(`${folder}/${count}.conf`, '');
    });
    expect(remedy).toContain('holds more than 1000 files');
  });
});

describe('the sets of rules', () => {
  const withSets = (lines = domains) => {
    const machine = makeMachine();
    machine.files.put('/etc/cloister/domains.conf', lines);
    machine.files.putFolder('/etc/cloister/sets');
    machine.files.put('/etc/cloister/sets/java.conf', '# Java\nrepo.example # packages (*)\n');
    machine.files.put('/etc/cloister/sets/go.conf', '# Go\nproxy.example\n');
    return machine;
  };
  const rulesOf = async (machine: ReturnType<typeof makeMachine>) => {
    const answer = await machine.program({ uid: 0 }).ask(Paths.control, '{"command":"rules"}');
    return (JSON.parse(answer) as { data: { rules: { rule: string }[] } }).data.rules;
  };

  test('come onto the list by a line of it and by ALLOW_SETS', async () => {
    const machine = withSets(`${domains}@go\n`);
    await bootToReady(machine, { ...goodEnvironment, ALLOW_SETS: 'java' });
    const rules = await rulesOf(machine);
    expect(rules).toContainEqual({
      rule: 'proxy.example',
      source: '/etc/cloister/domains.conf:4',
      set: 'go',
      until: null,
    });
    expect(rules).toContainEqual({ rule: 'repo.example', source: 'ALLOW_SETS', set: 'java', until: null });
  });

  test.each([
    [
      '@jaba\n',
      {},
      '/etc/cloister/domains.conf:1 names no set: @jaba. The nearest is java; there are go, java.',
    ],
    [
      '',
      { ALLOW_SETS: 'go,jaba' },
      'ALLOW_SETS names jaba, which is no set. The nearest is java; there are go, java.',
    ],
    ['', { ALLOW_SETS: 'go,ja va' }, 'ALLOW_SETS holds "ja va".'],
    ['', { ALLOW_DOMAINS: '@java' }, 'ALLOW_DOMAINS rule 1: @java is a set: sets are named in ALLOW_SETS.'],
  ])('that are none end the boot with 78: %j %j', async (lines, env, remedy) => {
    const machine = withSets(lines);
    expect(await bootToEnd(machine, { ...goodEnvironment, ...env })).toBe(78);
    expect(failureOf(machine).remedy).toContain(remedy);
  });

  test('of the operator’s own stand beside the image’s and in place of one of the same name', async () => {
    const machine = withSets(`${domains}@java\n@mine\n`);
    machine.files.putFolder('/etc/cloister/sets.d');
    machine.files.put('/etc/cloister/sets.d/java.conf', 'mirror.example\n');
    machine.files.put('/etc/cloister/sets.d/mine.conf', 'mine.example\n');
    await bootToReady(machine);
    const rules = (await rulesOf(machine)).map(({ rule }) => rule);
    expect(rules).toEqual(expect.arrayContaining(['mirror.example', 'mine.example']));
    expect(rules).not.toContain('repo.example');
  });

  test.each([
    ['a rule that is none', 'mine.conf', 'fine.example\n*.com\n', '/etc/cloister/sets.d/mine.conf:2 '],
    [
      'a name that no set can have',
      'My Set.conf',
      'fine.example\n',
      '/etc/cloister/sets.d/My Set.conf has a name',
    ],
  ])('with %s end the boot with 78', async (_, name, text, remedy) => {
    const machine = withSets();
    machine.files.putFolder('/etc/cloister/sets.d');
    machine.files.put(`/etc/cloister/sets.d/${name}`, text);
    expect(await bootToEnd(machine)).toBe(78);
    expect(failureOf(machine).remedy).toContain(remedy);
  });
});

describe('a list that the operator mounts', () => {
  const mountedAt = (point: string, facts: { uid: number; own?: string }) => {
    const machine = makeMachine();
    addVolume(machine, point, { ...facts, holds: ['mine.conf'] });
    machine.files.put(`${point}/mine.conf`, 'mine.example\n', { uid: facts.uid });
    return machine;
  };

  test.each(['/etc/cloister/sets.d', '/etc/cloister/domains.d'])(
    'at %s ends the boot with 78 where others than root can write it',
    async (point) => {
      expect(await bootToEnd(mountedAt(point, { uid: 1000 }))).toBe(78);
      const machine = mountedAt(point, { uid: 0 });
      machine.files.put(`${point}/mine.conf`, 'mine.example\n', { mode: 0o666 });
      expect(await bootToEnd(machine)).toBe(78);
      expect(failureOf(machine).remedy).toBe(
        `${point}/mine.conf can be written by others than root, and the agent would allow itself what it likes. Mount ${point} read-only (:ro).`,
      );
    },
  );

  test.each([{ uid: 0 }, { uid: 1000, own: 'ro,relatime' }])('boots with %j', async (facts) => {
    await bootToReady(mountedAt('/etc/cloister/sets.d', facts));
  });
});

test('a variable that looks like a setting and is none is told once, with the nearest and without its value', async () => {
  const machine = makeMachine();
  await bootToReady(machine, { ...goodEnvironment, ALOW_DOMAINS: 'secret.example', PATH: '/bin' });
  const told = eventsOf(machine).filter(({ event }) => event === 'settings.unknown');
  expect(told).toMatchObject([{ level: 'warn', variable: 'ALOW_DOMAINS', nearest: 'ALLOW_DOMAINS' }]);
  expect(machine.printed.join('')).not.toContain('secret.example');
});
