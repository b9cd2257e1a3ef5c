import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  agentEnvironment,
  agentIdentity,
  confined,
  egressIdentity,
  packetLoggerIdentity,
} from '../../../src/confinement/profile.ts';

const line = (...args: Parameters<typeof confined>) => confined(...args).join(' ');

describe('the one profile', () => {
  test('drops everything before it starts the program', () => {
    expect(line(['/bin/true', '--reuid=0'], agentIdentity)).toBe(
      '/usr/bin/choom --adjust=1000 -- /usr/bin/nice --adjustment=15 /usr/bin/prlimit --core=0 --memlock=65536 --msgqueue=0 --nice=0 --rtprio=0' +
        ' --sigpending=512 -- /usr/bin/setpriv --reuid=1000 --regid=1000 --clear-groups --inh-caps=-all' +
        ' --ambient-caps=-all --bounding-set=-all --no-new-privs' +
        ' --seccomp-filter=/usr/local/lib/cloister/seccomp.bpf -- /bin/true --reuid=0',
    );
  });

  test('lets the way out live as long as init when memory runs out', () => {
    for (const identity of [egressIdentity, packetLoggerIdentity])
      expect(confined(['/bin/true'], identity)[0]).toBe('/usr/bin/prlimit');
  });

  test('leaves the reader of the firewall’s log one capability, and the filter that knows its socket', () => {
    const argv = line(['/usr/sbin/ulogd'], packetLoggerIdentity);
    for (const set of ['inh-caps', 'ambient-caps', 'bounding-set'])
      expect(argv).toContain(` --${set}=-all,+net_admin `);
    expect(argv).toContain(' --seccomp-filter=/usr/local/lib/cloister/seccomp-packet-log.bpf ');
  });

  test('enters Landlock after the user is changed for good, where the kernel has it', () => {
    const landlock = { truncate: true, files: ['/dev/null'], folders: ['/tmp'] };
    expect(line(['/bin/true'], { ...agentIdentity, landlock })).toMatch(
      /--no-new-privs --landlock-access=fs:\S+ --landlock-rule=\S+:\/dev\/null --landlock-rule=\S+:\/tmp --seccomp/,
    );
  });
});

test('a login shell, which begins with another PATH, finds the same programs of its own first', () => {
  const [, added] =
    /^\tPATH=(.*):\$PATH$/m.exec(readFileSync('rootfs/etc/profile.d/cloister-path.sh', 'utf8')) ?? [];
  expect(
    agentEnvironment().PATH?.startsWith(`${added?.replaceAll('$HOME', '/home/claude')}:/usr/local/bin:`),
  ).toBe(true);
});

test('the environment holds no secret, nothing that is run or loaded, and a PATH of absolute folders', () => {
  const environment = agentEnvironment();
  const names = Object.keys(environment).join(' ');
  expect(names).not.toMatch(/TOKEN|SECRET|_KEY|NODE_OPTIONS|LD_|BASH_ENV|PROMPT_COMMAND/);
  expect(environment.PATH?.split(':').every((folder) => folder.startsWith('/'))).toBe(true);
});
