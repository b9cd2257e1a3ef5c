import { execFileSync } from 'node:child_process';
import { lstatSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseRules } from '../../src/policy/parse-rules.ts';
import { schema } from '../../src/settings/schema.ts';
import { secretNames } from '../../src/settings/secrets.ts';

/** Every file of the project, also one not committed yet. */
const tree = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '' && lstatSync(path, { throwIfNoEntry: false })?.isFile());
const textOf = (path: string) => readFileSync(path, 'utf8');
const sources = tree.filter((path) => path.startsWith('src/') && path.endsWith('.ts'));

interface Import {
  readonly from: string;
  readonly to: string;
  /** Only types: nothing of the other file is there at run time. */
  readonly typeOnly: boolean;
}

const imports: Import[] = sources.flatMap((from) => {
  const text = textOf(from);
  const still = [...text.matchAll(/^(?:import|export) ([^;]*?)from '([^']+)'/gms)];
  const late = [...text.matchAll(/import\('([^']+)'\)/g)].map(([, to]) => ['', '', to]);
  const bare = [...text.matchAll(/^import '([^']+)'/gm)].map(([, to]) => ['', '', to]);
  return [...still, ...late, ...bare].map(([, names = '', to = '']) => ({
    from,
    to: to.startsWith('.') ? normalize(join(dirname(from), to)) : to,
    typeOnly: /^type\b/.test(names) || (/^\{.*\}\s*$/s.test(names) && everyNameIsType(names)),
  }));
});

function everyNameIsType(names: string): boolean {
  const list = names
    .replace(/[{}]/g, '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return list.length > 0 && list.every((name) => name.startsWith('type '));
}

const roomOf = (path: string) =>
  path === 'src/main.ts' ? 'main' : (/^src\/([^/]+)\//.exec(path)?.[1] ?? '');

/** What each room may load. Types may be seen of everything below it, and of settings by all. */
const mayLoad: Readonly<Record<string, readonly string[]>> = {
  core: [],
  host: ['core'],
  policy: ['host', 'core'],
  confinement: ['host', 'core'],
  state: ['confinement', 'policy', 'host', 'core'],
  settings: ['policy', 'core'],
  network: ['state', 'policy', 'host', 'core'],
  terminal: ['host', 'core'],
  hooks: ['state', 'policy', 'host', 'core'],
  agents: ['terminal', 'confinement', 'host', 'core'],
  credentials: ['agents', 'policy', 'host', 'core'],
  rescue: ['state', 'confinement', 'host', 'core'],
  checks: ['network', 'state', 'confinement', 'host', 'core'],
  init: ['checks', 'rescue', 'agents', 'network', 'state', 'confinement', 'policy', 'host', 'core'],
  control: ['init', 'checks', 'core'],
  boot: [
    'control',
    'init',
    'checks',
    'rescue',
    'credentials',
    'agents',
    'hooks',
    'network',
    'state',
    'confinement',
    'policy',
    'host',
    'core',
  ],
  cli: ['checks', 'agents', 'terminal', 'state', 'confinement', 'policy', 'host', 'core'],
  main: [
    'cli',
    'boot',
    'checks',
    'rescue',
    'agents',
    'hooks',
    'network',
    'settings',
    'state',
    'confinement',
    'host',
    'core',
  ],
};

describe('imports point one way', () => {
  test.each(Object.keys(mayLoad))('out of %s only into the rooms below it', (room) => {
    const wrong = imports
      .filter(
        ({ from, to, typeOnly }) =>
          roomOf(from) === room && roomOf(to) !== '' && roomOf(to) !== room && !typeOnly,
      )
      .filter(({ from, to }) => !mayLoad[room]?.includes(roomOf(to)) && !isExcused(from, to));
    expect(
      wrong.map(shown),
      'a room that loads one above it can no longer be read, tested or moved alone',
    ).toEqual([]);
  });

  test('every room is known to this test', () => {
    const rooms = [...new Set(sources.map(roomOf))];
    expect(
      rooms.filter((room) => !(room in mayLoad)),
      'say here what a new room may load',
    ).toEqual([]);
  });

  test('types, too, are seen only of rooms below, of settings, and by commands', () => {
    const order = Object.keys(mayLoad);
    const wrong = imports.filter(({ from, to, typeOnly }) => {
      const [room, other] = [roomOf(from), roomOf(to)];
      if (!typeOnly || other === '' || room === other || other === 'settings') return false;
      return order.indexOf(other) > order.indexOf(room);
    });
    expect(wrong.map(shown), 'a type from above ties a room to its user').toEqual([]);
  });

  test('network, hooks, terminal and rescue never see each other', () => {
    const rooms = ['network', 'hooks', 'terminal', 'rescue'];
    const wrong = imports.filter(({ from, to }) => {
      const pair = [roomOf(from), roomOf(to)];
      return pair[0] !== pair[1] && pair.every((room) => rooms.includes(room));
    });
    expect(wrong.map(shown), 'they are brought together above, by init and boot').toEqual([]);
  });

  test('settings are seen as types, except at the door', () => {
    const wrong = imports.filter(
      ({ from, to, typeOnly }) =>
        roomOf(to) === 'settings' && !['settings', 'main'].includes(roomOf(from)) && !typeOnly,
    );
    expect(
      wrong.filter(({ from, to }) => !isExcused(from, to)).map(shown),
      'they are read once and handed on; zod stays out of the supervisor',
    ).toEqual([]);
  });

  /** Init has the log hide what the settings say is secret: a pure function of theirs. */
  function isExcused(from: string, to: string): boolean {
    return from === 'src/boot/init.ts' && to === 'src/settings/settings.ts';
  }
});

describe('the operating system stays behind the port', () => {
  test('only main makes the real host', () => {
    const makers = imports.filter(({ to, from }) => to === 'src/host/real-host.ts' && from !== 'src/main.ts');
    expect(makers.map(shown), 'whoever makes his own host can not be tested with another').toEqual([]);
  });

  test('only host starts programs', () => {
    const starters = /^(node:child_process|child_process|execa|node-pty)$/;
    const wrong = imports.filter(
      ({ from, to, typeOnly }) => starters.test(to) && !typeOnly && roomOf(from) !== 'host',
    );
    expect(wrong.map(shown), 'one function runs commands: argv only, one error, secrets excluded').toEqual(
      [],
    );
  });

  test('only host touches the process; main may read its arguments, its streams, and exit', () => {
    const touches = sources
      .filter((path) => roomOf(path) !== 'host')
      .flatMap((path) =>
        [...codeOf(path).matchAll(/\bprocess\??\.(\w+)/g)].map((match) => `${path}: process.${match[1]}`),
      )
      .filter((touch) => !/^src\/main\.ts: process\.(argv|stdin|stderr|exit)$/.test(touch));
    expect(touches, 'settings are read once, at the door; nobody looks at the process later').toEqual([]);
  });

  test('process.exit stands once', () => {
    const exits = sources.flatMap((path) => [...codeOf(path).matchAll(/process\.exit\b/g)].map(() => path));
    expect(exits, 'a second exit would end the box past the order of its stop').toEqual(['src/main.ts']);
  });

  test('the fakes stay out of the product', () => {
    const users = imports.filter(({ from, to }) => /\/fake-/.test(to) && !/\/fake-/.test(from));
    expect(users.map(shown), 'a fake in the image would be a way around every control').toEqual([]);
  });
});

describe('files stay short', () => {
  test.each(sources)('%s', (path) => {
    const most = path === 'src/main.ts' ? 60 : 200;
    expect(textOf(path).split('\n').length - 1, 'a file one can hold in the head').toBeLessThanOrEqual(most);
  });
});

describe('the run’s flags are the same wherever they stand', () => {
  const flags = textOf('engine/flags').trim().split('\n');
  const service = (parse(textOf('compose.yaml')) as { services: { cloister: Service } }).services.cloister;

  interface Service {
    read_only: boolean;
    cap_drop: string[];
    cap_add: string[];
    security_opt: string[];
    sysctls: Record<string, string>;
    pids_limit: number;
    mem_limit: string;
    tmpfs: string[];
    stop_grace_period: string;
    privileged?: boolean;
    network_mode?: string;
  }

  test('compose.yaml and engine/flags agree', () => {
    const fromCompose = [
      ...(service.read_only ? ['--read-only'] : []),
      ...service.cap_drop.map((name) => `--cap-drop=${name}`),
      ...service.cap_add.map((name) => `--cap-add=${name}`),
      ...service.security_opt.map((option) => `--security-opt=${option}`),
      ...Object.entries(service.sysctls).map(([name, value]) => `--sysctl=${name}=${value}`),
      `--pids-limit=${service.pids_limit}`,
      `--memory=${/^\$\{\w+:-(.*)\}$/.exec(service.mem_limit)?.[1] ?? service.mem_limit}`,
      ...service.tmpfs.map((mount) => `--tmpfs=${mount}`),
      `--stop-timeout=${Number.parseInt(service.stop_grace_period, 10)}`,
    ];
    expect(fromCompose.sort(), 'people and tests would run two different boxes').toEqual([...flags].sort());
  });

  test('nothing in them opens what the box closes', () => {
    expect([service.privileged, service.network_mode]).toEqual([undefined, undefined]);
    expect(flags.join('\n')).not.toMatch(/--privileged|unconfined|network[= ]host|SYS_ADMIN|SYS_PTRACE/);
  });

  test('the four tmpfs have the sizes and options the boot would ask for', async () => {
    const { roomPlaces } = await import('../../src/boot/plan-mounts.ts');
    const sizes = { workspace: '512m', tmp: '512m', home: '1g' };
    const wanted = roomPlaces({ uid: 1000, gid: 1000 }).map(
      ({ room, point, options }) => `${point}:rw,exec,nosuid,nodev,size=${sizes[room]},${options}`,
    );
    expect(service.tmpfs, 'the remedy of a refused boot must be the reference').toEqual(
      expect.arrayContaining(wanted),
    );
  });
});

describe('what an operator may say', () => {
  const known = [...Object.keys(schema), ...secretNames.flatMap((name) => [name, `${name}_FILE`])].sort();

  test('is handed on by engine/up, all of it', () => {
    const list = /^variables=\(\n(.*?)^\)/ms.exec(textOf('engine/up'))?.[1] ?? '';
    expect(
      list
        .split(/\s+/)
        .filter((name) => name !== '')
        .sort(),
      'a setting that never reaches the box',
    ).toEqual(known);
  });

  test('is handed on by compose.yaml, all but the files', () => {
    const compose = parse(textOf('compose.yaml')) as { services: { cloister: { environment: string[] } } };
    const wanted = known.filter((name) => !name.endsWith('_FILE'));
    expect(compose.services.cloister.environment.toSorted()).toEqual(wanted);
  });
});

test('the allowlist of the image holds no fault and no rule twice', () => {
  const { rules, faults } = parseRules(textOf('network/domains.conf'), 'network/domains.conf');
  expect(faults).toEqual([]);
  expect(new Set(rules.map((rule) => JSON.stringify(rule))).size).toBe(rules.length);
  expect(rules.length).toBeGreaterThan(10);
});

test('every dependency is pinned to one version', () => {
  for (const path of ['package.json', 'toolbox/package.json']) {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(textOf(path)) as Record<
      string,
      Record<string, string>
    >;
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
      expect(version, `${path}: ${name} would change under the lockfile's feet`).toMatch(
        /^\d+\.\d+\.\d+(-[\w.]+)?$/,
      );
    }
  }
});

test('no file names a package registry’s host or the machine it was written on', () => {
  const registry = new RegExp(
    ['registry', 'npmjs', 'org'].join('\\.') + '|' + ['deb', 'debian', 'org'].join('\\.'),
  );
  // The parts are joined here so that this file does not find itself.
  const machine = new RegExp(`${'/wo'}${'rk/'}|${'/home/'}(?!claude\\b)\\w|${'/Us'}${'ers/'}`);
  const text = tree.filter((path) => !/\.(png|jpg|svg|gif)$/.test(path));
  const found = text.filter(
    (path) => machine.test(textOf(path)) || (registry.test(textOf(path)) && !playsTheRegistry(path)),
  );
  expect(found, 'mirrors and registries come from the machine’s own configuration').toEqual([]);

  /** The fake internet answers under the names that the agent's own programs ask for. */
  function playsTheRegistry(path: string): boolean {
    return path.startsWith('test/internet/') || path.startsWith('test/unit/internet/');
  }
});

function shown({ from, to }: Import): string {
  return `${from} -> ${to}`;
}

/** A file without its comments and texts. */
function codeOf(path: string): string {
  return textOf(path)
    .replace(/\/\*.*?\*\//gs, '')
    .replace(/^\s*\/\/.*$/gm, '');
}
