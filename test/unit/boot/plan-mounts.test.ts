import { describe, expect, test } from 'vitest';
import { type MountsFacts, type MountsPlan, planMounts, sizeOf } from '../../../src/boot/plan-mounts.ts';
import { BootError } from '../../../src/core/errors.ts';
import { parseSize } from '../../../src/core/size.ts';
import { parseMounts } from '../../../src/host/proc/mountinfo.ts';
import { mountLine } from '../../boot/machine.ts';

const MB = 1024 ** 2;
const asked = (bytes: number, explicit = false) => ({ bytes, explicit });
const defaults = { workspace: asked(512 * MB), tmp: asked(512 * MB), home: asked(1024 * MB) };
const room = (point: string, own = 'rw,nosuid,nodev', type = 'tmpfs', size = 'size=524288k') =>
  mountLine(point, own, type, `rw,${size}`);
const given = room('/workspace') + room('/tmp') + room('/home/claude');
const sealed = mountLine('/', 'ro', 'overlay', 'rw');
const open = mountLine('/', 'rw', 'overlay', 'rw');

function plan(mountinfo: string, more: Partial<MountsFacts> = {}): MountsPlan {
  const mounts = parseMounts(mountinfo);
  return planMounts({
    mounts,
    sizes: defaults,
    memoryLimit: null,
    sysAdmin: false,
    agent: { uid: 1000, gid: 1000 },
    ...more,
  });
}

function refusal(mountinfo: string, more: Partial<MountsFacts> = {}): BootError {
  try {
    plan(mountinfo, more);
  } catch (error) {
    if (error instanceof BootError) return error;
  }
  throw new Error('nothing was refused');
}

const bytesOf = (size = '') => parseSize(size) ?? Number.NaN;
const sizesOf = (result: MountsPlan) => result.mount.map(({ options }) => /size=(\w+)/.exec(options)?.[1]);

describe('the plan of the mounts', () => {
  test('keeps what the operator gave, and has nothing to do', () => {
    expect(plan(sealed + given)).toEqual({
      mount: [],
      keep: ['/workspace', '/tmp', '/home/claude'],
      makeRootReadOnly: false,
      remarks: [],
    });
  });

  test('with SYS_ADMIN mounts what is missing, bounded in size and inodes, and seals the root', () => {
    const result = plan(open, { sysAdmin: true });
    expect(sizesOf(result)).toEqual(['512m', '512m', '1g']);
    expect(result.makeRootReadOnly).toBe(true);
    for (const { options } of result.mount) expect(options).toMatch(/^nosuid,nodev,size=.*nr_inodes=\d+/);
  });

  test('without SYS_ADMIN names the flag that is missing, with every option', () => {
    const error = refusal(sealed + room('/workspace') + room('/tmp'));
    expect(error.code).toBe(77);
    expect(error.remedy).toContain(
      '--tmpfs /home/claude:rw,exec,nosuid,nodev,size=1g,nr_inodes=262144,mode=0700,uid=1000,gid=1000 ',
    );
  });

  test('keeps a volume, without a bound of its own', () => {
    const result = plan(
      sealed + room('/workspace', 'rw,relatime', 'ext4', '') + room('/tmp') + room('/home/claude'),
    );
    expect(result).toMatchObject({ mount: [], remarks: [] });
  });

  test('remarks that a size asked for a volume is not its to set', () => {
    const sizes = { ...defaults, workspace: asked(64 * MB, true) };
    const result = plan(sealed + room('/workspace', 'rw', 'ext4', '') + room('/tmp') + room('/home/claude'), {
      sizes,
    });
    expect(result.remarks).toEqual([expect.stringContaining('/workspace is a volume')]);
  });

  test('remarks a noexec room: the agent’s builds would not run', () => {
    const result = plan(
      sealed + room('/workspace', 'rw,nosuid,nodev,noexec') + room('/tmp') + room('/home/claude'),
    );
    expect(result.remarks).toEqual([expect.stringContaining('/workspace is noexec')]);
  });

  test('refuses a read-only room', () => {
    const error = refusal(sealed + room('/workspace', 'ro') + room('/tmp') + room('/home/claude'));
    expect([error.code, error.message]).toEqual([77, '/workspace is mounted read-only']);
  });

  test.each(['rw,nodev', 'rw,nosuid', 'rw'])('refuses a tmpfs mounted %s', (own) => {
    const error = refusal(sealed + room('/workspace', own) + room('/tmp') + room('/home/claude'));
    expect(error.message).toContain('lacks nosuid or nodev');
    expect(error.remedy).toContain('--tmpfs /workspace:rw,exec,nosuid,nodev,');
  });

  test('refuses an explicit size that differs from what the operator mounted', () => {
    const error = refusal(sealed + given, { sizes: { ...defaults, tmp: asked(64 * MB, true) } });
    expect([error.code, error.message]).toEqual([
      78,
      '/tmp was asked to be 64m but the tmpfs mounted there has 512m',
    ]);
  });

  test('accepts an explicit size that agrees', () => {
    expect(plan(sealed + given, { sizes: { ...defaults, tmp: asked(512 * MB, true) } }).mount).toEqual([]);
  });

  test('refuses an explicit size on a tmpfs without bound', () => {
    const error = refusal(
      sealed + room('/workspace') + room('/tmp', 'rw,nosuid,nodev', 'tmpfs', 'x') + room('/home/claude'),
      {
        sizes: { ...defaults, tmp: asked(64 * MB, true) },
      },
    );
    expect(error.message).toContain('no bound');
  });

  test('refuses a writable root it cannot seal', () => {
    expect(refusal(open + given).remedy).toContain('--read-only');
  });

  test('refuses a root whose mount it cannot see', () => {
    expect(refusal(given).message).toContain('root filesystem');
  });
});

describe('sizes under a memory limit', () => {
  const fly = { sysAdmin: true };

  test.each([
    ['as they are where they just fit with the reserve', 2560, ['512m', '512m', '1g']],
    ['grow with what is beyond that', 3072, ['1g', '512m', '1g']],
    ['and with the memory', 4096, ['1536m', '512m', '1g']],
    ['each by its share', 8192, ['3g', '1g', '2g']],
    ['without an end', 65_536, ['24g', '8g', '16g']],
  ])('stay %s', (_, memory, sizes) => {
    const result = plan(open, { ...fly, memoryLimit: memory * MB });
    expect(sizesOf(result)).toEqual(sizes);
    const total = sizesOf(result).reduce((sum, size) => sum + bytesOf(size), 0);
    expect(total).toBeLessThanOrEqual((memory - 512) * MB);
  });

  test('and the files they may have follow the sizes, those of the smallest container the least', () => {
    const inodes = (memoryLimit: number) =>
      plan(open, { ...fly, memoryLimit }).mount.map(({ options }) =>
        Number(/nr_inodes=(\d+)/.exec(options)?.[1]),
      );
    expect(inodes(1024 * MB)).toEqual([262_144, 65_536, 262_144]);
    expect(inodes(8192 * MB)).toEqual([786_432, 262_144, 524_288]);
  });

  test('that were asked for stay so, whatever there is', () => {
    const sizes = { ...defaults, workspace: asked(64 * MB, true) };
    expect(sizesOf(plan(open, { ...fly, sizes, memoryLimit: 8192 * MB }))).toEqual(['64m', '1g', '2g']);
  });

  test('of the operator’s that are more than there is are remarked, for files in memory can’t be ended', () => {
    expect(plan(sealed + given, { memoryLimit: 1536 * MB }).remarks).toEqual([
      'the folders in memory may take 1536m of 1536m: give their --tmpfs a smaller size, or more memory',
    ]);
    expect(plan(sealed + given, { memoryLimit: 4096 * MB }).remarks).toEqual([]);
  });

  test('shrink together, and never into the reserve', () => {
    const result = plan(open, { ...fly, memoryLimit: 1024 * MB });
    const total = sizesOf(result).reduce((sum, size) => sum + Number.parseInt(size ?? '', 10), 0);
    expect(total).toBeLessThanOrEqual(768);
    expect(sizesOf(result)).toEqual(['192m', '192m', '384m']);
  });

  test('that were asked for are never shrunk: the others make room', () => {
    const sizes = { ...defaults, workspace: asked(600 * MB, true) };
    expect(sizesOf(plan(open, { ...fly, sizes, memoryLimit: 1024 * MB }))).toEqual(['600m', '56m', '112m']);
  });

  test('that were asked for and cannot fit are refused', () => {
    const error = refusal(open, {
      ...fly,
      sizes: { ...defaults, home: asked(2048 * MB, true) },
      memoryLimit: 1024 * MB,
    });
    expect([error.code, error.message]).toEqual([78, expect.stringContaining('1024 MB')]);
  });

  test('count only the rooms the box mounts itself', () => {
    expect(
      sizesOf(plan(open + room('/workspace') + room('/tmp'), { ...fly, memoryLimit: 2048 * MB })),
    ).toEqual(['1g']);
  });
});

test('the size of a tmpfs is read in KiB, as the kernel prints it', () => {
  const [mount] = parseMounts(room('/tmp'));
  expect(mount && sizeOf(mount)).toBe(512 * MB);
});
