import { afterEach, describe, expect, test, vi } from 'vitest';
import type { FakeMachine } from '../../src/host/fake-host.ts';
import {
  bootToEnd,
  bootToReady,
  eventsOf,
  failureOf,
  firstHalf,
  secondHalf,
  stateOf,
  until,
} from './drive.ts';
import {
  behave,
  goodEnvironment,
  type MachineOptions,
  makeMachine,
  referenceCapabilities,
} from './machine.ts';
import { recordUndo } from './undo.ts';

interface Failure {
  readonly step: string;
  readonly how: string;
  readonly code: number;
  readonly machine?: MachineOptions;
  readonly env?: Readonly<Record<string, string>>;
  readonly breakIt?: (machine: FakeMachine) => void;
  readonly message: RegExp;
  readonly remedy?: RegExp | string;
  /** Exactly what is undone, in order. */
  readonly undone: readonly string[];
}

const fly: MachineOptions = {
  rooms: [],
  runFolder: false,
  rootReadOnly: false,
  capabilities: [...referenceCapabilities, 'SYS_ADMIN'],
};
const failing = (pattern: RegExp, text: string) => (machine: FakeMachine) =>
  machine.prepare(pattern, new Error(text));
const stopEgress = 'end cloister.mjs egress';

const failures: Failure[] = [
  {
    step: 'settings',
    how: 'a variable is wrong',
    code: 78,
    env: { LOG_LEVEL: 'loud', REPO_REF: '-x' },
    message: /2 settings are wrong/,
    remedy: /REPO_REF is no branch.*\nLOG_LEVEL is not one of .*docker run: -e LOG_LEVEL=info; Fly: /s,
    undone: [],
  },
  {
    step: 'settings',
    how: 'the allowlist holds what is no rule',
    code: 78,
    breakIt: (machine) => machine.files.put('/etc/cloister/domains.conf', 'github.com\n*\n'),
    message: /a setting is wrong/,
    remedy: /\/etc\/cloister\/domains\.conf:2 .* is no rule/,
    undone: [],
  },
  {
    step: 'settings',
    how: 'the allowlist is missing',
    code: 78,
    breakIt: (machine) => machine.files.put('/etc/cloister/domains.conf', null),
    message: /a setting is wrong/,
    remedy: /\/etc\/cloister\/domains\.conf can't be read/,
    undone: [],
  },
  {
    step: 'environment',
    how: "the container is in the host's own network namespace",
    code: 77,
    breakIt: (machine) => machine.files.put('/proc/sys/net/core/netdev_max_backlog', '1000\n'),
    message: /host's own network namespace/,
    remedy: 'Run it without --network host.',
    undone: [],
  },
  {
    step: 'environment',
    how: 'there is no tmpfs for the state of the box',
    code: 77,
    machine: { runFolder: false },
    message: /no tmpfs at \/run\/cloister/,
    remedy: 'Add --tmpfs /run/cloister:rw,noexec,nosuid,nodev,size=16m,mode=0755',
    undone: [],
  },
  {
    step: 'wall',
    how: 'iptables works in neither form',
    code: 77,
    breakIt: failing(/iptables-(nft|legacy) -w -n -L/, 'Operation not permitted'),
    message: /neither over nftables nor in its old form: Operation not permitted/,
    remedy: /--cap-add NET_ADMIN/,
    undone: [],
  },
  {
    step: 'wall',
    how: 'the IPv6 half is refused by the kernel',
    code: 70,
    breakIt: failing(/ip6tables-nft-restore/, 'line 7 failed'),
    message: /step wall failed: line 7 failed/,
    undone: [],
  },
  {
    step: 'mounts',
    how: 'the third room cannot be mounted',
    code: 77,
    machine: fly,
    breakIt: failing(/mount -t tmpfs .* \/home\/claude$/, 'permission denied'),
    message: /mounting failed although SYS_ADMIN is there: permission denied/,
    remedy: /apparmor=unconfined/,
    undone: ['run /usr/bin/umount /tmp', 'run /usr/bin/umount /workspace'],
  },
  {
    step: 'mounts',
    how: 'the root stays writable although the remount said yes',
    code: 70,
    machine: fly,
    breakIt: (machine) => machine.prepare(/remount,bind,ro/),
    message: /the mounts did not take: \//,
    undone: [
      'run /usr/bin/umount /home/claude',
      'run /usr/bin/umount /tmp',
      'run /usr/bin/umount /workspace',
    ],
  },
  {
    step: 'shed',
    how: 'the kernel does not let init replace itself',
    code: 70,
    machine: fly,
    breakIt: (machine) => {
      machine.refused.replace = new Error('EPERM');
    },
    message: /step shed failed/,
    undone: [
      'remove /run/cloister/private/handover.json',
      'run /usr/bin/umount /home/claude',
      'run /usr/bin/umount /tmp',
      'run /usr/bin/umount /workspace',
    ],
  },
  {
    step: 'resolver',
    how: 'its port is taken',
    code: 70,
    breakIt: (machine) => {
      machine.refused.bind = new Error('EADDRINUSE');
    },
    message: /step resolver failed: .*EADDRINUSE/,
    undone: [],
  },
  {
    step: 'firewall',
    how: 'the egress process cannot be asked',
    code: 70,
    breakIt: (machine) => {
      machine.onStart = (child) => {
        behave(child);
        const answer = child.onSent;
        child.onSent = (message) => {
          if ((message as { kind: string }).kind === 'resolve') throw new Error('EPIPE');
          answer(message);
        };
      };
    },
    message: /step firewall failed: EPIPE/,
    undone: [stopEgress],
  },
  {
    step: 'accounts',
    how: 'a file cannot be written',
    code: 70,
    breakIt: (machine) => {
      machine.watch((event) => {
        if (event.startsWith('write /run/cloister/agent/npmrc')) throw new Error('ENOSPC');
      });
    },
    message: /step accounts failed: ENOSPC/,
    undone: ['remove /run/cloister/agent', stopEgress],
  },
  {
    step: 'agent',
    how: "the agent's home cannot be furnished",
    code: 70,
    breakIt: failing(/furnish$/, 'furnish exited with 1'),
    message: /step agent failed: furnish exited with 1/,
    undone: ['remove /run/cloister/agent', stopEgress],
  },
  {
    step: 'proof',
    how: 'an attack from inside succeeded',
    code: 70,
    breakIt: (machine) =>
      machine.prepare(/verify --inside$/, {
        stdout: JSON.stringify([
          { promise: 'the root filesystem is read-only', verdict: 'broken', detail: 'the attempt succeeded' },
        ]),
      }),
    message: /does not hold what it promises: the root filesystem is read-only \(the attempt succeeded\)/,
    remedy: /flags of the README/,
    undone: ['remove /run/cloister/agent', stopEgress],
  },
  {
    step: 'proof',
    how: 'the proof says nothing at all',
    code: 70,
    breakIt: (machine) => machine.prepare(/verify --inside$/, { stdout: '[]' }),
    message: /proof/,
    undone: ['remove /run/cloister/agent', stopEgress],
  },
  {
    step: 'proof',
    how: 'the proof answers with noise',
    code: 70,
    breakIt: (machine) => machine.prepare(/verify --inside$/, { stdout: 'Segmentation fault' }),
    message: /step proof failed/,
    undone: ['remove /run/cloister/agent', stopEgress],
  },
  {
    step: 'session',
    how: 'tmux makes no session',
    code: 70,
    breakIt: failing(/tmux .* new-session/, 'no server running'),
    message: /step session failed: no server running/,
    undone: ['end tmux.conf -D', 'remove /run/cloister/agent', stopEgress],
  },
];

afterEach(() => {
  vi.useRealTimers();
});

describe('a boot that fails', () => {
  test.each(failures)('at $step because $how ends with $code, undone exactly', async (failure) => {
    const machine = makeMachine(failure.machine);
    const undo = recordUndo(machine);
    failure.breakIt?.(machine);
    const code = await bootToEnd(machine, { ...goodEnvironment, ...failure.env });

    expect(code).toBe(failure.code);
    const event = failureOf(machine);
    expect(event).toMatchObject({ level: 'fatal', step: failure.step, code: failure.code });
    expect(event.message).toMatch(failure.message);
    expect(event.remedy).toMatch(failure.remedy ?? /^$/);
    expect(undo).toEqual(failure.undone);
    expectFailedState(machine, failure);
    expect(machine.files.readIfAny('/run/cloister/ready')).toBeNull();
    expect(eventsOf(machine).some((other) => other.event === 'boot.ready')).toBe(false);
  });

  test.each(failures.filter(({ step }) => !['settings', 'environment', 'wall'].includes(step)))(
    'at $step because $how leaves the wall standing',
    async ({ machine: options, env, breakIt }) => {
      const machine = makeMachine(options);
      breakIt?.(machine);
      await bootToEnd(machine, { ...goodEnvironment, ...env });
      const walls = machine.commands.filter(({ argv }) => argv[0]?.includes('tables-nft-restore'));
      expect(walls.slice(0, 2).map(({ stdin }) => stdin?.includes(':OUTPUT DROP'))).toEqual([true, true]);
      for (const { stdin } of walls.slice(2))
        expect(stdin).not.toMatch(/ACCEPT \[|:CLOISTER-(AGENT|OUTPUT|INPUT)/);
      expect(machine.journal.join('\n')).not.toMatch(/tables-\S+ .*(-F|-X|-P|--flush)/);
    },
  );

  test('keeps the lock once it is past the shed: a second boot must not follow in its steps', async () => {
    const machine = makeMachine();
    machine.prepare(/furnish$/, new Error('no'));
    await bootToEnd(machine);
    expect([...machine.held]).toEqual(['/run/cloister/boot.lock']);
  });

  test('undoes the rest although one undo fails, and says so', async () => {
    const machine = makeMachine(fly);
    machine.prepare(/umount \/tmp/, new Error('target is busy'));
    machine.prepare(/remount,bind,ro/, new Error('denied'));
    const undo = recordUndo(machine);
    expect(await bootToEnd(machine)).toBe(77);
    expect(undo).toHaveLength(3);
    expect(eventsOf(machine)).toContainEqual(
      expect.objectContaining({ event: 'boot.undo.failed', reason: 'target is busy' }),
    );
  });
});

function expectFailedState(machine: FakeMachine, { step, code }: Failure): void {
  const state = stateOf(machine);
  // With no place in memory there is nowhere to write it; the log says it all.
  if (machine.files.facts('/run/cloister') === null) return expect(state).toBeNull();
  expect(state).toMatchObject({ phase: 'failed', readyAt: null, failure: { step, code } });
  expect(state?.steps.at(-1)).toMatchObject({ name: step, state: 'failed' });
}

describe('a platform that could not hold the promises', () => {
  test.each(referenceCapabilities.filter((name) => name !== 'NET_BIND_SERVICE'))(
    'without %s it ends with 77 and names the flag',
    async (missing) => {
      const machine = makeMachine({ capabilities: referenceCapabilities.filter((name) => name !== missing) });
      expect(await bootToEnd(machine)).toBe(77);
      expect(failureOf(machine).remedy).toBe(`Run it as root with --cap-add ${missing}.`);
      expect(machine.commands).toEqual([]);
    },
  );

  test('NET_BIND_SERVICE is asked for only where ports below 1024 need it', async () => {
    const capabilities = referenceCapabilities.filter((name) => name !== 'NET_BIND_SERVICE');
    const strict = makeMachine({ capabilities });
    expect(await bootToEnd(strict)).toBe(77);
    expect(failureOf(strict).remedy).toBe('Run it as root with --cap-add NET_BIND_SERVICE.');
    const lax = makeMachine({ capabilities });
    lax.files.put('/proc/sys/net/ipv4/ip_unprivileged_port_start', '0\n');
    await bootToReady(lax);
  });

  test('run as an ordinary user it names every capability at once', async () => {
    const machine = makeMachine({ capabilities: [] });
    expect(await bootToEnd(machine)).toBe(77);
    expect(failureOf(machine).remedy).toMatch(/NET_ADMIN.*SETUID.*FOWNER.*NET_BIND_SERVICE/);
  });

  const rooms = {
    '/workspace': '/workspace:rw,exec,nosuid,nodev,size=512m,nr_inodes=262144,mode=0755,uid=1000,gid=1000',
    '/tmp': '/tmp:rw,exec,nosuid,nodev,size=512m,nr_inodes=65536,mode=1777',
    '/home/claude': '/home/claude:rw,exec,nosuid,nodev,size=1g,nr_inodes=262144,mode=0700,uid=1000,gid=1000',
  };
  test.each(Object.entries(rooms))(
    'without a tmpfs at %s it ends with 77 and the exact flag',
    async (point, flag) => {
      const machine = makeMachine({ rooms: Object.keys(rooms).filter((room) => room !== point) });
      expect(await bootToEnd(machine)).toBe(77);
      expect(failureOf(machine).remedy).toContain(`Add --tmpfs ${flag} (`);
    },
  );

  test('with a writable root and no SYS_ADMIN it ends with 77 and asks for --read-only', async () => {
    const machine = makeMachine({ rootReadOnly: false });
    expect(await bootToEnd(machine)).toBe(77);
    expect(failureOf(machine).remedy).toContain('Add --read-only');
  });

  test('where the platform resolves over IPv6 alone and resolv.conf cannot be replaced, it asks for --dns', async () => {
    const machine = makeMachine();
    machine.files.put('/etc/resolv.conf', 'nameserver fdaa::3\n');
    expect(await bootToEnd(machine)).toBe(77);
    expect(failureOf(machine).remedy).toContain('Add --dns');
  });

  test.each([
    ['a stranger', 1234, []],
    ['root, with files in it', 0, ['secret.txt']],
  ])('a volume that belongs to %s is not given away', async (_, uid, names) => {
    const machine = makeMachine();
    machine.files.putFolder('/workspace', { uid });
    for (const name of names) machine.files.put(`/workspace/${name}`, 'x');
    expect(await bootToEnd(machine)).toBe(78);
    expect(failureOf(machine).remedy).toBe(
      'On the host: chown -R 1000:1000 the folder mounted at /workspace.',
    );
  });

  test("a fresh volume of root's becomes the agent's", async () => {
    const machine = makeMachine();
    machine.files.putFolder('/workspace', { uid: 0 });
    await bootToReady(machine);
    expect(machine.files.facts('/workspace')).toMatchObject({ uid: 1000, gid: 1000 });
  });
});

describe('a second boot in the same container', () => {
  test('is refused with 77 while the box is ready, and changes nothing the first one wrote', async () => {
    const machine = makeMachine();
    await bootToReady(machine);
    const before = {
      state: machine.files.read('/run/cloister/state.json'),
      commands: machine.commands.length,
    };
    machine.printed.length = 0;
    machine.files.put('/proc/77/stat', '77 (node) S 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 999 0\n');
    expect(await secondInit(machine)).toBe(77);
    expect(failureOf(machine)).toMatchObject({
      step: 'environment',
      remedy: expect.stringContaining('cloister attach'),
    });
    expect(machine.files.read('/run/cloister/state.json')).toBe(before.state);
    expect(machine.commands).toHaveLength(before.commands);
  });

  test('is refused with 77 while another boot holds the lock', async () => {
    const machine = makeMachine();
    machine.held.add('/run/cloister/boot.lock');
    expect(await bootToEnd(machine)).toBe(77);
    expect(failureOf(machine).step).toBe('environment');
    expect(machine.commands).toEqual([]);
  });

  test('with bad settings leaves the state of the living box alone', async () => {
    const machine = makeMachine();
    await bootToReady(machine);
    expect(await secondInit(machine, { LOG_LEVEL: 'loud' })).toBe(78);
    expect(stateOf(machine)).toMatchObject({ phase: 'ready', pid: 1 });
  });

  test('is allowed after a boot that failed or whose process is gone', async () => {
    for (const state of [
      { bootId: 'x', steps: [], pid: 50, startTicks: '1', phase: 'ready' },
      { bootId: 'x', steps: [], pid: 1, startTicks: '4242', phase: 'failed' },
    ]) {
      const machine = makeMachine();
      machine.files.put('/run/cloister/state.json', JSON.stringify(state));
      expect('argv' in (await firstHalf(machine))).toBe(true);
    }
  });

  test('a lock taken between the two halves ends the boot with 77 and is reported', async () => {
    const machine = makeMachine();
    const replacement = await firstHalf(machine);
    if (!('argv' in replacement)) throw new Error('no second half');
    machine.held.add('/run/cloister/boot.lock');
    expect(await secondHalf(machine, replacement)).toBe(77);
    expect(failureOf(machine)).toMatchObject({ step: 'init', code: 77 });
    expect(stateOf(machine)?.phase).toBe('failed');
  });

  async function secondInit(machine: FakeMachine, env: Record<string, string> = {}): Promise<number> {
    const end = await Promise.race([
      firstHalfOf(machine, { ...goodEnvironment, ...env }),
      new Promise<number>((resolve) => void setTimeout(resolve, 3000, -1)),
    ]);
    return end;
  }

  async function firstHalfOf(machine: FakeMachine, env: Record<string, string>): Promise<number> {
    const { init } = await import('../../src/boot/init.ts');
    const { readSettings } = await import('../../src/settings/read.ts');
    const host = machine.program({ env, pid: 77 });
    return init(host, () => readSettings(host.env, host.files.read));
  }
});

/** For each step a sign that it has begun. */
const signs: Readonly<Record<string, RegExp>> = {
  environment: /^lock /,
  wall: /iptables-nft-restore/,
  mounts: /^folder \/run\/cloister\/private/,
  shed: /^release /,
  resolver: /^start .*egress$/,
  firewall: /iptables-nft-restore/,
  accounts: /^write \/run\/cloister\/agent\/npmrc/,
  agent: /furnish$/,
  proof: /verify --inside$/,
  repository: /git clone/,
  session: /new-session/,
};
const firstNames = ['environment', 'wall', 'mounts', 'shed'];

describe('a signal during the boot', () => {
  test.each(
    Object.entries(signs).flatMap(([step, sign]) => [
      { step, sign, signal: 'SIGTERM' as const, code: 143 },
      { step, sign, signal: 'SIGINT' as const, code: 130 },
    ]),
  )('in step $step ends it with $code for $signal', async ({ step, sign, signal, code }) => {
    const machine = makeMachine();
    let armed = firstNames.includes(step);
    machine.watch((event) => {
      if (!armed || !sign.test(event)) return;
      armed = false;
      machine.signal(signal);
    });
    const first = await firstHalf(machine);
    if ('code' in first) expect(first.code).toBe(code);
    else {
      armed = true;
      expect(await secondHalf(machine, first)).toBe(code);
    }
    expect(eventsOf(machine)).toContainEqual(expect.objectContaining({ event: 'signal.received', signal }));
    expect(eventsOf(machine).some(({ event }) => event === 'boot.ready')).toBe(false);
    expect(machine.files.readIfAny('/run/cloister/ready')).toBeNull();
    expect(machine.children.every(({ ended }) => ended)).toBe(true);
  });

  test('in the very moment after the last step stops the box in order, with 143', async () => {
    const machine = makeMachine();
    const first = await firstHalf(machine);
    if (!('argv' in first)) throw new Error('no second half');
    machine.watch((event) => {
      if (event.startsWith('write /run/cloister/ready')) machine.signal('SIGTERM');
    });
    const code = await Promise.race([secondHalf(machine, first), late()]);
    expect(code).toBe(143);
    expect(eventsOf(machine).at(-1)).toMatchObject({ event: 'box.stopped' });
    expect(machine.children.every(({ ended }) => ended)).toBe(true);
  });

  test('SIGHUP, as a closed terminal sends it, ends nothing', async () => {
    const machine = makeMachine();
    await bootToReady(machine);
    machine.signal('SIGHUP');
    expect(eventsOf(machine).at(-1)).toMatchObject({ event: 'signal.ignored', signal: 'SIGHUP' });
    expect(stateOf(machine)?.phase).toBe('ready');
  });

  function late(): Promise<number> {
    return new Promise((resolve) => void setTimeout(resolve, 2000, -1));
  }
});

describe('the deadline of the boot', () => {
  test('a step that hangs ends it with 70, named, with the variable that would give it more time', async () => {
    const machine = makeMachine();
    const first = await firstHalf(machine, { ...goodEnvironment, BOOT_TIMEOUT: '5' });
    if (!('argv' in first)) throw new Error('no second half');
    let hangs = false;
    machine.prepare(/verify --inside$/, () => {
      hangs = true;
      return new Promise(() => {});
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const code = secondHalf(machine, first);
    await until(machine, () => hangs);
    await vi.advanceTimersByTimeAsync(5001);
    expect(await code).toBe(70);
    expect(failureOf(machine)).toMatchObject({
      step: 'proof',
      message: 'the boot did not finish in time; it was at step proof',
      remedy: expect.stringContaining('BOOT_TIMEOUT'),
    });
  });

  test('a slow clone does not count: it has a deadline of its own', async () => {
    const machine = makeMachine();
    machine.prepare(/git clone/, () => {
      machine.clock.now += 10 * 60_000;
      return new Promise((resolve) => void setTimeout(resolve, 50, {}));
    });
    await bootToReady(machine);
    expect(machine.commands.find(({ argv }) => argv.includes('clone'))?.timeout).toBe(15 * 60_000);
  });
});
