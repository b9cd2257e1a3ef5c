import { describe, expect, test } from 'vitest';
import { boundGroups, makeGroups } from '../../../../src/confinement/limits/control-groups.ts';
import { FakeMachine } from '../../../../src/host/fake-host.ts';

const root = '/sys/fs/cgroup';

function machineWith(files: readonly string[]) {
  const machine = new FakeMachine();
  for (const name of files) machine.files.put(`${root}/${name}`, '');
  return machine;
}

describe('control groups of version 1', () => {
  test('are made in each hierarchy there is, and bounded', () => {
    const machine = machineWith([
      ...['memory/cgroup.procs', 'pids/cgroup.procs', 'cpu/cgroup.procs'],
      ...[
        'memory/cloister-agent/memory.limit_in_bytes',
        'pids/cloister-agent/pids.max',
        'cpu/cloister-agent/cpu.shares',
      ],
    ]);
    expect(makeGroups(machine)).toEqual({
      memory: true,
      pids: true,
      files: ['memory', 'pids', 'cpu'].map((name) => `${root}/${name}/cloister-agent/cgroup.procs`),
    });
    boundGroups(machine, { memory: 1024, processes: 100 });
    expect(machine.files.read(`${root}/memory/cloister-agent/memory.limit_in_bytes`)).toBe('1024');
    expect(machine.files.read(`${root}/pids/cloister-agent/pids.max`)).toBe('100');
    expect(machine.files.read(`${root}/cpu/cloister-agent/cpu.shares`)).toBe('256');
  });

  test('that can not be written are not there', () => {
    const machine = machineWith(['memory/cgroup.procs', 'pids/cgroup.procs']);
    machine.files.ensureFolder = () => {
      throw new Error('EROFS');
    };
    expect(makeGroups(machine)).toEqual({ memory: false, pids: false, files: [] });
  });
});

describe('control groups of version 2', () => {
  const made = ['cgroup.controllers', 'cgroup.procs', 'cgroup.subtree_control'];
  const inside = ['cloister-agent/memory.max', 'cloister-agent/pids.max', 'cloister-agent/cpu.weight'];

  test('in a container what runs there already moves aside first: a group that hands on holds nobody', () => {
    const machine = machineWith([...made, 'cgroup.type', ...inside]);
    machine.files.put(`${root}/cgroup.controllers`, 'cpuset cpu memory pids\n');
    machine.files.put(`${root}/cgroup.procs`, '1\n17\n');
    expect(makeGroups(machine)).toEqual({
      memory: true,
      pids: true,
      files: [`${root}/cloister-agent/cgroup.procs`],
    });
    expect(machine.files.read(`${root}/cloister-own/cgroup.procs`)).toBe('117');
    expect(machine.files.read(`${root}/cgroup.subtree_control`)).toBe('+memory +pids +cpu');
    boundGroups(machine, { memory: null, processes: 100 });
    expect(machine.files.read(`${root}/cloister-agent/memory.max`)).toBe('');
    expect(machine.files.read(`${root}/cloister-agent/pids.max`)).toBe('100');
  });

  test('the machine’s first group may hold processes', () => {
    const machine = machineWith([...made, ...inside]);
    machine.files.put(`${root}/cgroup.controllers`, 'memory pids\n');
    machine.files.put(`${root}/cgroup.procs`, '1\n');
    makeGroups(machine);
    expect(machine.files.readIfAny(`${root}/cloister-own/cgroup.procs`)).toBeNull();
  });

  test('no controller handed on is no group', () => {
    const machine = machineWith([...made]);
    expect(makeGroups(machine)).toMatchObject({ memory: false, pids: false });
  });
});
