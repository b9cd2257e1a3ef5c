import { describe, expect, test } from 'vitest';
import { bootToEnd, failureOf } from './drive.ts';
import { makeMachine, referenceCapabilities } from './machine.ts';

describe('a platform that could not hold the promises', () => {
  test.each(referenceCapabilities)('without %s it ends with 77 and names the flag', async (missing) => {
    const machine = makeMachine({ capabilities: referenceCapabilities.filter((name) => name !== missing) });
    expect(await bootToEnd(machine)).toBe(77);
    expect(failureOf(machine).remedy).toBe(
      `Run it as root with --cap-add ${missing}. The README's docker run has every flag.`,
    );
    expect(machine.commands).toEqual([]);
  });

  const portStart = '/proc/sys/net/ipv4/ip_unprivileged_port_start';

  test('where every user may take the resolver’s port it ends with 77 and names the flag', async () => {
    const machine = makeMachine();
    machine.files.put(portStart, '0\n');
    machine.watch((event) => {
      if (event.includes(portStart)) throw new Error('EROFS');
    });
    expect(await bootToEnd(machine)).toBe(77);
    expect(failureOf(machine).remedy).toBe('Run it with --sysctl net.ipv4.ip_unprivileged_port_start=1024.');
    expect(machine.commands).toEqual([]);
  });

  test('run as an ordinary user it names every capability at once', async () => {
    const machine = makeMachine({ capabilities: [] });
    expect(await bootToEnd(machine)).toBe(77);
    expect(failureOf(machine).remedy).toMatch(/NET_ADMIN.*NET_BIND_SERVICE.*SETUID.*FOWNER/);
  });

  const rooms = {
    '/workspace': '/workspace:rw,exec,nosuid,nodev,size=512m,nr_inodes=262144,mode=0755,uid=1000,gid=1000',
    '/tmp': '/tmp:rw,exec,nosuid,nodev,size=512m,nr_inodes=131072,mode=1777',
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
});
