import { describe, expect, test } from 'vitest';
import { givenPlaces, probeLandlock } from '../../../src/confinement/probe-landlock.ts';
import type { FakeMachine } from '../../../src/host/fake-host.ts';
import { parseMounts } from '../../../src/host/proc/mountinfo.ts';
import { makeMachine, mountLine } from '../../boot/machine.ts';

const rooms = ['/workspace', '/tmp', '/home/claude', '/run/cloister/session'];

function machineWhere(answer: (options: string) => boolean): FakeMachine {
  const machine = makeMachine();
  machine.prepare(/landlock-access/, ({ argv }) => {
    if (!answer(argv.join(' '))) throw new Error('Invalid argument');
    return {};
  });
  return machine;
}

describe('the kernel is asked for Landlock', () => {
  test('and gives all it is asked for', async () => {
    const machine = machineWhere(() => true);
    machine.files.put('/dev/null', '');
    machine.files.putFolder('/dev/shm');
    expect(await probeLandlock(machine.program())).toEqual({
      truncate: true,
      files: ['/dev/null'],
      folders: [...rooms, '/dev/shm'],
    });
  });

  test('and is too old to tell truncating from writing', async () => {
    const machine = machineWhere((options) => !options.includes('truncate'));
    expect(await probeLandlock(machine.program())).toMatchObject({ truncate: false, folders: rooms });
  });

  test('and has none', async () => {
    expect(await probeLandlock(machineWhere(() => false).program())).toBeNull();
  });
});

describe('the places an operator gave', () => {
  const given = (...lines: string[]) => givenPlaces(parseMounts(lines.join('')));

  test('are the writable mounts that are neither ours nor the platform’s', () => {
    expect(
      given(
        mountLine('/', 'rw', 'overlay', 'rw'),
        mountLine('/data', 'rw,relatime', 'ext4', 'rw'),
        mountLine('/models', 'ro,relatime', 'ext4', 'rw'),
        mountLine('/proc', 'rw', 'proc', 'rw'),
        mountLine('/proc/sys', 'rw', 'proc', 'rw'),
        mountLine('/sys', 'rw', 'sysfs', 'rw'),
        mountLine('/dev/mqueue', 'rw', 'mqueue', 'rw'),
        mountLine('/etc/hosts', 'rw', 'ext4', 'rw'),
        mountLine('/run/secrets', 'rw', 'tmpfs', 'rw'),
        mountLine('/home/claude/.claude', 'rw', 'ext4', 'rw'),
        mountLine('/developer', 'rw', 'ext4', 'rw'),
      ),
    ).toEqual(['/data', '/developer']);
  });
});
