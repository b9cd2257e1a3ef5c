import { describe, expect, test } from 'vitest';
import {
  parseCapabilities,
  parseConnectedRoutes,
  parseGateways,
  parseHosts,
  parseLocalAddresses,
  parseNameservers,
  platformOf,
} from '../../../src/boot/facts.ts';
import { mountAt, parseMounts } from '../../../src/host/proc/mountinfo.ts';
import { startTicksOf } from '../../../src/host/proc/pid.ts';
import { parseRange } from '../../../src/policy/range.ts';
import { parseState } from '../../../src/state/box-state.ts';

/** As the engine gave it to a container run with --read-only and a tmpfs. */
const mountinfo = `1254 1051 0:143 / / ro,relatime master:482 - overlay overlay rw,lowerdir=/l/A:/l/B,upperdir=/u,workdir=/w
1255 1254 0:147 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw
1260 1254 0:152 / /workspace rw,nosuid,nodev,relatime - tmpfs tmpfs rw,size=524288k,nr_inodes=262144,mode=755,uid=1000,gid=1000
1261 1254 254:0 /v/_data /home/claude/.claude rw,relatime master:1 - ext4 /dev/vda rw
1262 1254 254:0 /f /mnt/with\\040space ro,relatime - ext4 /dev/vda rw
1263 1254 0:160 / /workspace ro,nosuid - tmpfs tmpfs rw,size=1024k
`;

describe('what the platform shows', () => {
  test('mounts: point, type, options of the mount and of its file system', () => {
    const mounts = parseMounts(mountinfo);
    expect(mounts).toHaveLength(6);
    expect(mountAt(mounts, '/')).toMatchObject({ type: 'overlay', own: ['ro', 'relatime'] });
    expect(mountAt(mounts, '/home/claude/.claude')).toMatchObject({ type: 'ext4' });
    expect(mountAt(mounts, '/mnt/with space')?.own).toContain('ro');
    expect(mountAt(mounts, '/home/claude')).toBeNull();
  });

  test('mounts: of two at one point the upper one is seen', () => {
    expect(mountAt(parseMounts(mountinfo), '/workspace')?.own).toContain('ro');
  });

  test('capabilities: the effective set, not the bounding one', () => {
    const status =
      'CapInh:\t0000000000000000\nCapPrm:\t00000000a80425fb\nCapEff:\t00000000000014eb\nCapBnd:\t000001ffffffffff\n';
    expect([...parseCapabilities(status)].sort()).toEqual([
      'CHOWN',
      'DAC_OVERRIDE',
      'FOWNER',
      'KILL',
      'NET_ADMIN',
      'NET_BIND_SERVICE',
      'SETGID',
      'SETUID',
    ]);
    expect(parseCapabilities('').size).toBe(0);
  });

  test('capabilities: all of a machine', () => {
    expect(parseCapabilities('CapEff:\t000001ffffffffff\n')).toContain('SYS_ADMIN');
  });

  test('name servers, without zones, comments and nonsense', () => {
    const text =
      '# generated\nsearch example.org\nnameserver 127.0.0.11\nnameserver fe80::1%eth0\n  nameserver 192.0.2.1 \n;nameserver 192.0.2.2\nnameserver nonsense\noptions ndots:0\n';
    expect(parseNameservers(text)).toEqual(['127.0.0.11', 'fe80::1', '192.0.2.1']);
  });

  test('routes: the ranges without a gateway are the neighbours', () => {
    const text = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
eth1\t006433C6\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
eth1\t0A7100CB\t010011AC\t0007\t0\t0\t0\tFFFFFFFF\t0\t0\t0
`;
    expect(parseConnectedRoutes(text)).toEqual([
      { base: '172.17.0.0', prefix: 16, family: 'ipv4' },
      { base: '198.51.100.0', prefix: 24, family: 'ipv4' },
    ]);
    expect(parseConnectedRoutes('')).toEqual([]);
  });

  test('addresses: those of this container itself, each once', () => {
    const text = `Main:
  +-- 0.0.0.0/0 3 0 4
     |-- 0.0.0.0
        /0 universe UNICAST
        +-- 127.0.0.0/31 1 0 0
           |-- 127.0.0.0
              /8 host LOCAL
           |-- 127.0.0.1
              /32 host LOCAL
           |-- 172.17.0.0
              /16 link UNICAST
           |-- 172.17.0.2
              /32 host LOCAL
        |-- 172.17.255.255
           /32 link BROADCAST
Local:
           |-- 172.17.0.2
              /32 host LOCAL
`;
    expect(parseLocalAddresses(text).map(({ base, prefix }) => `${base}/${prefix}`)).toEqual([
      '127.0.0.1/32',
      '172.17.0.2/32',
    ]);
    expect(parseLocalAddresses('')).toEqual([]);
  });

  test.each([
    ['fly', { FLY_MACHINE_ID: 'x', KUBERNETES_SERVICE_HOST: 'x' }, true, true],
    ['kubernetes', { KUBERNETES_SERVICE_HOST: 'x' }, true, false],
    ['podman', {}, false, true],
    ['podman', { container: 'podman' }, false, false],
    ['docker', {}, true, false],
    ['unknown', {}, false, false],
  ])('the platform %s by its marks', (platform, env, dockerenv, containerenv) => {
    expect(platformOf({ env, dockerenv, containerenv })).toBe(platform);
  });
});

describe('the posted state', () => {
  test('is read back', () => {
    expect(parseState('{"bootId":"x","steps":[],"phase":"ready"}')).toMatchObject({ bootId: 'x' });
  });

  test.each([
    null,
    '',
    '{',
    'null',
    '[]',
    '"text"',
    '{}',
    '{"bootId":1,"steps":[]}',
    '{"bootId":"x","steps":{}}',
  ])('%j is none', (text) => {
    expect(parseState(text)).toBeNull();
  });

  test('knows a process by its start, whatever it calls itself', () => {
    const fields = Array.from({ length: 18 }, (_, index) => index);
    expect(startTicksOf(`7 (a) b) (c) S ${fields.join(' ')} 4242 1`)).toBe('4242');
    expect(startTicksOf('')).toBe('');
  });
});

describe('gateways', () => {
  const connected = [parseRange('10.1.0.0/16'), parseRange('172.19.0.0/24')].filter(
    (range) => range !== null,
  );

  test('are those of the routes, and the first address of a connected network that has none', () => {
    const text =
      'head\neth0\t00000000\tFE00010A\t0003\t0\t0\t0\t00000000\t0\t0\t0\neth0\t0000010A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n';
    expect(parseGateways(text, connected)).toEqual(['10.1.0.254', '172.19.0.1']);
    expect(parseGateways('', connected)).toEqual(['10.1.0.1', '172.19.0.1']);
    expect(parseGateways('', [])).toEqual([]);
  });
});

describe('a hosts file', () => {
  test('gives every IPv4 address of the names that are asked for', () => {
    const text = '127.0.0.1 localhost\n10.1.0.9\tDB db.corp # db2\n10.1.0.8 db\n::1 db\nnoise db\n';
    expect(parseHosts(text, ['db', 'db2', '__proto__'])).toEqual({ db: ['10.1.0.9', '10.1.0.8'] });
    expect(parseHosts('', ['db'])).toEqual({});
  });
});
