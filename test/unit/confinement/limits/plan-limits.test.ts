import { describe, expect, test } from 'vitest';
import { withHeadroom } from '../../../../src/confinement/agent-limits.ts';
import { type LimitsFacts, planLimits } from '../../../../src/confinement/limits/plan-limits.ts';

const MB = 1024 ** 2;
const none = { memory: false, pids: false, files: [] };
const facts: LimitsFacts = {
  asked: { agentMemory: null, agentProcesses: null },
  hard: {
    core: Number.POSITIVE_INFINITY,
    memlock: 8 * MB,
    nofile: 1_048_576,
    nproc: 96_000,
    sigpending: 96_000,
  },
  softDescriptors: 1_048_576,
  taskLimit: 2048,
  memoryLimit: 8192 * MB,
  processors: 2,
  fileLimit: Number.POSITIVE_INFINITY,
  elsewhere: 64,
  groups: none,
  gaps: [],
};
const plan = (more: Partial<LimitsFacts> = {}) => planLimits({ ...facts, ...more });

describe('the plan of what bounds the agent', () => {
  test('under the reference flags the user, the supervisor and each process are bounded', () => {
    expect(plan()).toMatchObject({
      memory: { bytes: 7936 * MB, by: 'supervisor' },
      processes: { count: 1000, by: 'user' },
      descriptors: 65_536,
      groups: [],
      gaps: [],
    });
    expect(plan().resources).toMatchObject({ core: '0', nproc: '1064', nofile: '65536:65536' });
  });

  test('limits are only ever lowered: nobody here may raise one', () => {
    const hard = { core: 0, memlock: 0, sigpending: 100, nproc: 500, nofile: 1024 };
    const { resources, base } = plan({ hard, softDescriptors: 256 });
    expect(resources).toMatchObject({ memlock: '0', sigpending: '100', nproc: '500', nofile: '256:1024' });
    expect(base).toMatchObject({ memlock: '0', sigpending: '100' });
    expect(base).not.toHaveProperty('nproc');
  });

  test('where control groups can be made they hold memory and processes', () => {
    const groups = { memory: true, pids: true, files: ['/sys/fs/cgroup/cloister-agent/cgroup.procs'] };
    const limits = plan({ groups, elsewhere: 0 });
    expect(limits.memory?.by).toBe('control group');
    expect(limits.processes.by).toBe('control group');
    expect(limits.groups).toEqual(groups.files);
    expect(limits.resources).not.toHaveProperty('nproc');
  });

  test.each([
    [2048, 1000],
    [512, 384],
    [100, 64],
    [null, 1000],
  ])('of %s tasks of the container some stay outside: the agent has %s', (taskLimit, count) => {
    expect(plan({ taskLimit }).processes.count).toBe(count);
  });

  test.each([
    [1, 1000],
    [16, 1000],
    [32, 2048],
    [64, 8192],
    [128, 16_256],
  ])('with %i processors it has %i, as far as the container has them', (processors, count) => {
    expect(plan({ processors, taskLimit: 16_384 }).processes.count).toBe(count);
  });

  test('and no more than its memory is good for', () => {
    expect(plan({ processors: 64, taskLimit: null, memoryLimit: 512 * MB }).processes.count).toBe(2048);
  });

  test.each([
    [8192, 7936],
    [1024, 768],
    [256, 192],
  ])('of %s MB a reserve stays outside: the agent has %s', (limit, left) => {
    expect(plan({ memoryLimit: limit * MB }).memory?.bytes).toBe(left * MB);
  });

  test('what the operator asks for is met, or refused with the remedy', () => {
    const asked = { agentMemory: 512 * MB, agentProcesses: 200 };
    expect(plan({ asked })).toMatchObject({ memory: { bytes: 512 * MB }, processes: { count: 200 } });
    expect(() => plan({ asked: { ...asked, agentProcesses: 2000 } })).toThrow(
      expect.objectContaining({ code: 78, remedy: expect.stringContaining('--pids-limit to 2128') }),
    );
    expect(() => plan({ asked: { ...asked, agentMemory: 8192 * MB } })).toThrow(
      expect.objectContaining({ code: 78, message: expect.stringContaining('7936m for the agent') }),
    );
  });

  test('a machine with few open files gives each process fewer, and says so where they could be used up', () => {
    const limits = plan({ fileLimit: 2_400_000 });
    expect(limits.descriptors).toBe(4096);
    expect(limits.gaps).toEqual([expect.stringContaining('the machine has 2400000')]);
  });

  test('where nobody knows what memory there is, none is bounded, and that is said', () => {
    expect(plan({ memoryLimit: null })).toMatchObject({
      memory: null,
      gaps: [expect.stringContaining('--memory')],
    });
  });
});

test('an operator’s program has room for processes beyond the agent’s, and enters the same groups', () => {
  const limits = { resources: { core: '0', nproc: '1064' }, groups: ['/sys/fs/cgroup/x/cgroup.procs'] };
  expect(withHeadroom(limits)).toEqual({ ...limits, resources: { core: '0', nproc: '1112' } });
  expect(withHeadroom({ resources: {}, groups: [] })).toEqual({ resources: {}, groups: [] });
});
