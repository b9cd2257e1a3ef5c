import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readSettings } from '../../src/settings/read.ts';
import { schema } from '../../src/settings/schema.ts';
import { secretNames } from '../../src/settings/secrets.ts';
import type { Settings } from '../../src/settings/settings.ts';
import * as rules from './house/rules.ts';
import { readTree } from './house/tree.ts';
import { rootLoadsUnprivileged } from './house/users.ts';

const tree = readTree();
const textOf = (path: string) => tree.get(path) ?? '';

describe('imports point one way', () => {
  test('out of a room only into the rooms below it', () => {
    expect(
      rules.importsAgainstDirection(tree),
      'a room that loads one above it can no longer be read, tested or moved alone',
    ).toEqual([]);
  });

  test('and never in a circle, types included', () => {
    expect(
      rules.importCircles(tree),
      'what two files both need goes to the lower one, or into a file of its own',
    ).toEqual([]);
  });

  test('every room is known to this test', () => {
    expect(rules.unknownRooms(tree), 'say in house/rooms.ts what a new room may load').toEqual([]);
  });

  test('types, too, are seen only of rooms below, and of settings', () => {
    expect(rules.typesFromAbove(tree), 'a type from above ties a room to its user').toEqual([]);
  });

  test('network, hooks, terminal and rescue never see each other', () => {
    expect(rules.importsBetweenSiblings(tree), 'they are brought together above, by init and boot').toEqual(
      [],
    );
  });

  test('settings are seen as types, except at the door', () => {
    expect(
      rules.settingsPastTheDoor(tree),
      'they are read once and handed on; zod stays out of the supervisor',
    ).toEqual([]);
  });
});

test('nothing that root runs loads what an unprivileged process runs', () => {
  expect(
    rootLoadsUnprivileged(tree),
    'root meets the others in a file called protocol.ts, which has a parser',
  ).toEqual([]);
});

test('no two exported types have one name', () => {
  expect(rules.typesOfOneName(tree), 'two meanings of one word').toEqual([]);
});

describe('the operating system stays behind the port', () => {
  test('only main makes the real host', () => {
    expect(rules.makersOfTheHost(tree), 'whoever makes his own host can not be tested with another').toEqual(
      [],
    );
  });

  test('only host touches files', () => {
    expect(
      rules.filesOutsideHost(tree),
      'whose files they are, and who may follow their paths, is said once: host/files.ts, host/agent-files.ts',
    ).toEqual([]);
  });

  test('only host starts programs', () => {
    expect(
      rules.programsOutsideHost(tree),
      'one function runs commands: argv only, one error, secrets excluded',
    ).toEqual([]);
  });

  test('only host touches the process; main may read its arguments, its streams, and exit', () => {
    expect(
      rules.processOutsideHost(tree),
      'settings are read once, at the door; nobody looks at the process later',
    ).toEqual([]);
  });

  test('process.exit stands once', () => {
    expect(rules.placesOfExit(tree), 'a second exit would end the box past the order of its stop').toEqual([
      'src/main.ts',
    ]);
  });

  test('the fakes stay out of the product', () => {
    expect(rules.fakesInTheProduct(tree), 'a fake in the image would be a way around every control').toEqual(
      [],
    );
  });
});

test('every room says at its door what it is', () => {
  expect(
    rules.roomsWithoutReadme(tree),
    'five lines: what it holds, who runs it, what comes in, what goes out, where to start',
  ).toEqual([]);
});

test('files stay short', () => {
  expect(rules.longFiles(tree), 'a file one can hold in the head').toEqual([]);
});

describe('the run’s flags are the same wherever they stand', () => {
  const flags = textOf('scripts/flags').trim().split('\n');
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

  test('compose.yaml and scripts/flags agree', () => {
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
    const { fitSizes } = await import('../../src/boot/plan-mounts.ts');
    const { roomOptions, roomPlaces } = await import('../../src/boot/room-places.ts');
    const { sizes } = readSettings({ GH_PAT: 'none', ANTHROPIC_API_KEY: 'x' }, () => '') as Settings;
    const agent = { uid: 1000, gid: 1000 };
    const fitted = fitSizes({ mounts: [], sizes, memoryLimit: 8 * 1024 ** 3, sysAdmin: true, agent });
    const wanted = roomPlaces(agent).map(
      (place) => `${place.point}:rw,exec,nosuid,nodev,${roomOptions(place, fitted[place.room])}`,
    );
    expect(service.tmpfs, 'the remedy of a refused boot must be the reference').toEqual(
      expect.arrayContaining(wanted),
    );
  });
});

describe('what an operator may say', () => {
  const known = [...Object.keys(schema), ...secretNames.flatMap((name) => [name, `${name}_FILE`])].sort();

  test('is handed on by scripts/up, all of it', () => {
    const list = /^variables=\(\n(.*?)^\)/ms.exec(textOf('scripts/up'))?.[1] ?? '';
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
    `${['registry', 'npmjs', 'org'].join('\\.')}|${['deb', 'debian', 'org'].join('\\.')}`,
  );
  // The parts are joined here so that this file does not find itself.
  const machine = new RegExp(`${'/wo'}${'rk/'}|${'/home/'}(?!claude\\b)\\w|${'/Us'}${'ers/'}`);
  const text = [...tree.keys()].filter((path) => !/\.(png|jpg|svg|gif)$/.test(path));
  const found = text.filter(
    (path) => machine.test(textOf(path)) || (registry.test(textOf(path)) && !playsTheRegistry(path)),
  );
  expect(found, 'mirrors and registries come from the machine’s own configuration').toEqual([]);

  /** The fake internet answers under the names that the agent's own programs ask for. */
  function playsTheRegistry(path: string): boolean {
    return path.startsWith('test/internet/') || path.startsWith('test/unit/internet/');
  }
});
