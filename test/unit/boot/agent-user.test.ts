import { describe, expect, test } from 'vitest';
import { type AgentUserFacts, planAgentUser } from '../../../src/boot/agent-user.ts';
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

/** Debian's, and what the box adds. */
const image = {
  users: [0, 1, 33, 1000, 65053, 65534],
  groups: [0, 5, 20, 42, 100, 999, 1000, 65053, 65534],
  asked: null,
};
const plan = (volumes: readonly Volume[], more: Partial<AgentUserFacts> = {}) =>
  planAgentUser(volumes, { platform: 'docker', ...image, ...more });

function refusal(...volumes: Volume[]): BootError {
  try {
    plan(volumes);
  } catch (error) {
    if (error instanceof BootError) return error;
  }
  throw new Error('nothing was refused');
}

describe('the agent runs', () => {
  const who = (...volumes: Volume[]) => {
    const { uid, gid } = plan(volumes).agent;
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

  test('as a user of a Mac’s, whose uid no user of this image has, and never in a group of its system', () => {
    expect(who(volume('/workspace', 501, { gid: 20 }))).toBe('501:501');
    expect(who(volume('/workspace', 999))).toBe('999:999');
    expect(who(volume('/workspace', 501, { gid: 502 }))).toBe('501:502');
  });

  test('as ever where root is shown as the owner, if it may write there', () => {
    expect(plan([volume('/workspace', 0)])).toMatchObject({ agent: { uid: 1000 }, borrowed: ['/workspace'] });
    expect(plan([volume('/workspace', 0), volume('/home/claude/.claude', 501)])).toMatchObject({
      agent: { uid: 501 },
      borrowed: ['/workspace'],
    });
  });

  test('as whom the operator names, if it may write what is another’s', () => {
    const asked = { uid: 501, gid: 501 };
    expect(plan([fresh('/workspace')], { asked })).toMatchObject({
      agent: asked,
      given: ['/workspace'],
      borrowed: [],
    });
    expect(plan([volume('/workspace', 1234), volume('/home/claude/.claude', 501)], { asked })).toMatchObject({
      agent: asked,
      borrowed: ['/workspace'],
    });
  });

  test('as the owner of the work although the engine made the other volume for uid 1000', () => {
    const tenant = plan([volume('/workspace', 1234), fresh('/home/claude/.claude', 1000)]);
    expect(tenant).toMatchObject({ agent: { uid: 1234 }, given: ['/home/claude/.claude'] });
  });
});

describe('refused with 78 and the remedy', () => {
  test.each([
    [1, 'uid 1, a user of the system'],
    [33, 'uid 33, a user of the system'],
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

  test.each([
    [{ uid: 33, gid: 1000 }, /names uid 33/],
    [{ uid: 65053, gid: 1000 }, /names uid 65053/],
    [{ uid: 501, gid: 20 }, /names gid 20/],
  ])('is whom nobody may be: %o', (asked, message) => {
    expect(() => plan([], { asked })).toThrow(
      expect.objectContaining({ code: 78, message: expect.stringMatching(message) }),
    );
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
    expect(() => plan([volume('/workspace', 0)], { platform: 'podman' })).toThrow(
      expect.objectContaining({ remedy: expect.stringContaining('--userns=keep-id:uid=1000,gid=1000') }),
    );
  });
});

describe('a volume at /data', () => {
  const places = (...volumes: Volume[]) => {
    const { workspace, claudeLink } = plan(volumes);
    return [workspace, claudeLink];
  };

  test('keeps both, the work and the conversations', () => {
    expect(places(fresh('/data'))).toEqual(['/data/workspace', '/data/claude']);
    expect(plan([fresh('/data')]).given).toEqual(['/data']);
  });

  test('keeps what has no volume of its own', () => {
    expect(places(volume('/workspace', 1000), fresh('/data'))).toEqual(['/workspace', '/data/claude']);
    expect(places(volume('/workspace/repo', 1000), fresh('/data'))).toEqual(['/workspace', '/data/claude']);
    expect(places(volume('/home/claude', 1000), fresh('/data'))).toEqual(['/data/workspace', null]);
  });

  test('is left alone, whoever owns it, where both have volumes of their own', () => {
    const tenant = plan([
      volume('/workspace', 1234),
      volume('/home/claude/.claude', 1234),
      volume('/data', 0),
    ]);
    expect(tenant).toEqual({
      agent: { uid: 1234, gid: 1234 },
      given: [],
      borrowed: [],
      workspace: '/workspace',
      claudeLink: null,
    });
  });
});
