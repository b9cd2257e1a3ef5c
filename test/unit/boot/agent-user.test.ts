import { describe, expect, test } from 'vitest';
import { planAgentUser } from '../../../src/boot/agent-user.ts';
import type { Volume } from '../../../src/boot/volumes.ts';
import { BootError } from '../../../src/core/errors.ts';

const volume = (point: string, uid: number, more: Partial<Volume> = {}): Volume => ({
  point,
  uid,
  gid: uid,
  empty: false,
  ...more,
});
const fresh = (point: string, uid = 0): Volume => volume(point, uid, { empty: true });

function refusal(...volumes: Volume[]): BootError {
  try {
    planAgentUser(volumes, 'docker');
  } catch (error) {
    if (error instanceof BootError) return error;
  }
  throw new Error('nothing was refused');
}

describe('the agent runs', () => {
  const who = (...volumes: Volume[]) => {
    const { uid, gid } = planAgentUser(volumes, 'docker').agent;
    return `${uid}:${gid}`;
  };

  test('as uid 1000 where there is no volume, and where all are fresh', () => {
    expect(who()).toBe('1000:1000');
    expect(who(fresh('/workspace'), fresh('/home/claude/.claude', 1000))).toBe('1000:1000');
  });

  test.each(['/workspace', '/workspace/repo', '/home/claude', '/home/claude/.claude', '/data'])(
    'as the owner of %s',
    (point) => {
      expect(who(volume(point, 1234))).toBe('1234:1234');
    },
  );

  test('as that owner also where the folder is still empty', () => {
    expect(who(volume('/workspace', 1234, { empty: true }))).toBe('1234:1234');
  });

  test('with the folder’s group, unless that is the system’s or the box’s own', () => {
    expect(who(volume('/workspace', 1234, { gid: 2000 }))).toBe('1234:2000');
    for (const gid of [0, 5, 42, 100, 999, 65053, 65054, 65534])
      expect(who(volume('/workspace', 1234, { gid }))).toBe('1234:1234');
  });

  test('as the owner of the work although the engine made the other volume for uid 1000', () => {
    const tenant = planAgentUser([volume('/workspace', 1234), fresh('/home/claude/.claude', 1000)], 'docker');
    expect(tenant).toMatchObject({ agent: { uid: 1234 }, given: ['/home/claude/.claude'] });
  });
});

describe('refused with 78 and the remedy', () => {
  test.each([
    [0, 'root'],
    [1, 'uid 1, a user of the system'],
    [999, 'uid 999, a user of the system'],
    [65053, "uid 65053, a user of the box's own"],
    [65054, "uid 65054, a user of the box's own"],
    [65534, 'uid 65534 (nobody)'],
  ])('is a folder of uid %i', (uid, name) => {
    const error = refusal(volume('/workspace', uid));
    expect([error.code, error.message]).toEqual([
      78,
      `/workspace belongs to ${name}, and the agent is never that user`,
    ]);
    expect(error.remedy).toContain('chown -R 1000:1000 the folder mounted at /workspace');
  });

  test.each([1, 65053, 65054, 65534])('is an empty one of uid %i, too: it is not ours to give', (uid) => {
    expect(refusal(fresh('/workspace', uid)).code).toBe(78);
  });

  test('are two volumes of two owners', () => {
    const error = refusal(volume('/workspace', 1234), volume('/home/claude/.claude', 1000));
    expect([error.code, error.message]).toEqual([
      78,
      '/workspace belongs to uid 1234 and /home/claude/.claude to uid 1000, but the agent is one user',
    ]);
    expect(error.remedy).toContain('chown -R 1234:1234 the folder mounted at /home/claude/.claude');
  });

  test('with a hint where rootless Podman may be the reason', () => {
    expect(() => planAgentUser([volume('/workspace', 0)], 'podman')).toThrow(
      expect.objectContaining({ remedy: expect.stringContaining('--userns=keep-id:uid=1000,gid=1000') }),
    );
  });
});

describe('a volume at /data', () => {
  const places = (...volumes: Volume[]) => {
    const { workspace, claudeLink } = planAgentUser(volumes, 'docker');
    return [workspace, claudeLink];
  };

  test('keeps both, the work and the conversations', () => {
    expect(places(fresh('/data'))).toEqual(['/data/workspace', '/data/claude']);
    expect(planAgentUser([fresh('/data')], 'docker').given).toEqual(['/data']);
  });

  test('keeps what has no volume of its own', () => {
    expect(places(volume('/workspace', 1000), fresh('/data'))).toEqual(['/workspace', '/data/claude']);
    expect(places(volume('/workspace/repo', 1000), fresh('/data'))).toEqual(['/workspace', '/data/claude']);
    expect(places(volume('/home/claude', 1000), fresh('/data'))).toEqual(['/data/workspace', null]);
  });

  test('is left alone, whoever owns it, where both have volumes of their own', () => {
    const tenant = planAgentUser(
      [volume('/workspace', 1234), volume('/home/claude/.claude', 1234), volume('/data', 0)],
      'docker',
    );
    expect(tenant).toEqual({
      agent: { uid: 1234, gid: 1234 },
      given: [],
      workspace: '/workspace',
      claudeLink: null,
    });
  });
});
