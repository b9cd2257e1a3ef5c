import { describe, expect, test } from 'vitest';
import { attackedPromises } from '../../src/checks/attacked-promises.ts';
import type { Output } from '../../src/host/host.ts';
import { stepNames } from '../../src/state/box-state.ts';
import { bootToEnd, bootToReady, eventsOf, failureOf, stateOf, until } from './drive.ts';
import { goodEnvironment, makeMachine } from './machine.ts';
import { play, type Scenario } from './scenario.ts';

const writing =
  'write-file,truncate,remove-dir,remove-file,make-dir,make-reg,make-sock,make-fifo,make-sym,refer';
const confined = [
  '/usr/bin/choom --adjust=1000 -- /usr/bin/nice --adjustment=15',
  '/usr/bin/prlimit --core=0 --memlock=65536 --msgqueue=0 --nice=0 --rtprio=0 --sigpending=512',
  '--nproc=1064 --nofile=1024:65536 -- /usr/bin/setpriv --reuid=1000 --regid=1000 --clear-groups --inh-caps=-all --ambient-caps=-all --bounding-set=-all',
  `--no-new-privs --landlock-access=fs:${writing},make-char,make-block`,
  ...['/workspace', '/tmp', '/home/claude', '/run/cloister/session'].map(
    (folder) => `--landlock-rule=path-beneath:${writing}:${folder}`,
  ),
  '--seccomp-filter=/usr/local/lib/cloister/seccomp.bpf -- ',
].join(' ');

const parentOf = (full_name: string) => JSON.stringify({ fork: true, parent: { full_name } });
const step = (name: string) => ({ event: 'boot.step', step: name, level: 'info' });

const scenarios: Scenario[] = [
  {
    title: 'under the reference flags it walks through every step and holds the session',
    phases: [
      {
        title: 'first half',
        do: (run) => run.firstHalf(),
        want: {
          journal: [
            'lock /run/cloister/boot.lock',
            'run /usr/sbin/iptables-nft -w -n -L OUTPUT',
            'run /usr/sbin/iptables-nft-restore --noflush -w',
            'run /usr/sbin/ip6tables-nft-restore --noflush -w',
            'folder /run/cloister/private 700',
            'folder /run/cloister/session 700',
            'release /run/cloister/boot.lock',
            'write /run/cloister/private/handover.json 600',
            'replace',
          ],
          events: [step('settings'), step('environment'), step('firewall'), step('mounts')],
          files: { '/run/cloister/ready': null },
          phase: 'booting',
        },
      },
      {
        title: 'second half',
        do: (run) => run.secondHalf(),
        want: {
          journal: [
            'remove /run/cloister/private/handover.json',
            'lock /run/cloister/boot.lock',
            'bind 127.0.0.53:53',
            /^start .*--reuid=65053 .*cloister\.mjs egress$/,
            'folder /run/cloister/agent 2750',
            'write /run/cloister/agent/gitconfig 640',
            `run ${confined}/usr/local/bin/node /usr/local/lib/cloister/cloister.mjs provision-home`,
            'run /usr/sbin/iptables-nft-restore --noflush -w',
            `run ${confined}/usr/local/bin/node /usr/local/lib/cloister/cloister.mjs verify --inside`,
            `run ${confined}/usr/bin/git -C /workspace/.repo.cloning checkout --progress`,
            `run ${confined}/usr/bin/git -C /workspace/.repo.cloning ls-files -z -- .gitmodules :(attr:filter=lfs)`,
            `run ${confined}/usr/bin/mv -T -- /workspace/.repo.cloning /workspace/repo`,
            /^start .*--reuid=1000 .*\/usr\/bin\/tmux .* -D$/,
            /^run .*--reuid=1000 .* new-session .* -c \/workspace\/repo .* ; split-window .* 20% /,
            'write /run/cloister/ready 644',
            'release /run/cloister/boot.lock',
          ],
          events: [
            step('credential-files'),
            step('agent'),
            step('pins'),
            step('self-test'),
            step('repository'),
            step('session'),
            { event: 'boot.ready' },
          ],
          files: {
            '/run/cloister/agent/github-token': 'github_pat_0123456789abcdef',
            '/run/cloister/private/handover.json': null,
          },
          phase: 'ready',
        },
      },
      {
        title: 'a docker stop',
        do: (run) => run.signal('SIGTERM'),
        want: {
          events: [{ event: 'signal.received', signal: 'SIGTERM' }, { event: 'box.stopped' }],
          journal: ['remove /run/cloister/ready'],
          files: { '/run/cloister/ready': null },
          phase: 'stopping',
          exit: 143,
        },
      },
    ],
  },
  {
    title: 'with a writable root, no tmpfs and SYS_ADMIN (Fly) it mounts its own rooms and seals the root',
    machine: {
      rooms: [],
      runFolder: false,
      rootReadOnly: false,
      capabilities: [
        'NET_ADMIN',
        'NET_BIND_SERVICE',
        'SETUID',
        'SETGID',
        'SETPCAP',
        'CHOWN',
        'KILL',
        'DAC_OVERRIDE',
        'FOWNER',
        'SYS_ADMIN',
      ],
    },
    phases: [
      {
        title: 'first half',
        do: (run) => run.firstHalf(),
        want: {
          journal: [
            'run /usr/bin/mount -t tmpfs -o nosuid,nodev,noexec,size=16m,nr_inodes=4096,mode=0755 tmpfs /run/cloister',
            'lock /run/cloister/boot.lock',
            'run /usr/sbin/iptables-nft-restore --noflush -w',
            'run /usr/bin/mount -t tmpfs -o nosuid,nodev,size=512m,nr_inodes=262144,mode=0755,uid=1000,gid=1000 tmpfs /workspace',
            'run /usr/bin/mount -t tmpfs -o nosuid,nodev,size=512m,nr_inodes=131072,mode=1777 tmpfs /tmp',
            'run /usr/bin/mount -t tmpfs -o nosuid,nodev,size=1g,nr_inodes=262144,mode=0700,uid=1000,gid=1000 tmpfs /home/claude',
            'run /usr/bin/mount -o remount,bind,ro /',
            'run /usr/bin/mount -o remount,nosuid,nodev,noexec,hidepid=2 proc /proc',
            'replace',
          ],
          phase: 'booting',
        },
      },
      { title: 'second half', do: (run) => run.secondHalf(), want: { phase: 'ready' } },
    ],
  },
  {
    title: 'a clone that fails is reported and the session still starts, in the empty workspace',
    phases: [
      {
        title: 'both halves, with git failing',
        do: async (run) => {
          run.machine.prepare(/\/usr\/bin\/git clone /, new Error('fatal: repository not found'));
          await run.firstHalf();
          await run.secondHalf();
        },
        want: {
          journal: [/ new-session .* -c \/workspace -n/],
          events: [{ event: 'boot.step', step: 'repository', level: 'warn' }, { event: 'boot.ready' }],
          phase: 'ready',
        },
      },
    ],
  },
  {
    title: 'a clone of a fork gets its upstream, asked for and added as the agent',
    phases: [
      {
        title: 'both halves, with GitHub naming a parent',
        do: async (run) => {
          run.machine.prepare(/repository-facts /, { stdout: parentOf('up/stream') });
          run.machine.prepare(/git .* remote add/);
          await run.firstHalf();
          await run.secondHalf();
        },
        want: {
          journal: [
            /--reuid=1000 .*repository-facts cloister-demo\/hello$/,
            /--reuid=1000 .*git -C \/workspace\/repo remote add upstream https:\/\/github\.com\/up\/stream$/,
          ],
          events: [{ step: 'repository', detail: 'cloned' }],
          phase: 'ready',
        },
      },
    ],
  },
  {
    title: 'what is said to be a parent and is no repository of GitHub’s is not added; the clone stays',
    phases: [
      {
        title: 'both halves',
        do: async (run) => {
          run.machine.prepare(/repository-facts /, { stdout: parentOf('--upload-pack=/tmp/x') });
          await run.firstHalf();
          await run.secondHalf();
        },
        want: { events: [{ step: 'repository', detail: 'cloned' }], phase: 'ready' },
      },
    ],
  },
  {
    title: 'a repository that is there already, on a volume, is kept as it is',
    phases: [
      {
        title: 'both halves',
        do: async (run) => {
          run.machine.files.putFolder('/workspace/repo', { uid: 1000 });
          run.machine.prepare(/git clone/, new Error('must not be called'));
          await run.firstHalf();
          await run.secondHalf();
        },
        want: { events: [{ step: 'repository', detail: 'kept' }], phase: 'ready' },
      },
    ],
  },
  {
    title: 'without a repository nothing is cloned',
    env: { REPO_URL: '' },
    phases: [
      {
        title: 'an empty REPO_URL is none',
        do: async (run) => {
          await run.firstHalf();
          await run.secondHalf();
          expect(run.machine.journal.filter((entry) => entry.includes('git clone'))).toEqual([]);
        },
        want: { events: [{ event: 'boot.ready' }], phase: 'ready' },
      },
    ],
  },
  {
    title: 'an interrupt from the keyboard ends the ready box with 130',
    phases: [
      {
        title: 'boot',
        do: async (run) => {
          await run.firstHalf();
          await run.secondHalf();
        },
        want: { phase: 'ready' },
      },
      { title: 'Ctrl-C', do: (run) => run.signal('SIGINT'), want: { phase: 'stopping', exit: 130 } },
    ],
  },
];

describe('the boot contract', () => {
  test.each(scenarios)('$title', (scenario) => play(scenario));

  test('passes through the steps in the order of the contract, each with its duration', async () => {
    const machine = makeMachine();
    await bootToReady(machine);
    const steps = stateOf(machine)?.steps ?? [];
    expect(steps.map(({ name }) => name)).toEqual(stepNames);
    expect(steps.every(({ state, duration }) => state === 'done' && duration !== null)).toBe(true);
  });

  test('lets nothing run before the firewall stands, except the look at what stands there', async () => {
    const machine = makeMachine();
    await bootToReady(machine);
    const firewall = machine.journal.findIndex((entry) => entry.includes('ip6tables-nft-restore'));
    const before = machine.journal.slice(0, firewall).filter((entry) => /^(run|start)/.test(entry));
    expect(before.every((entry) => /^run \/usr\/sbin\/ip6?tables-/.test(entry))).toBe(true);
  });

  test('fetches beside the self-test, and puts nothing of the repository or the agent in place before it has passed', async () => {
    const machine = makeMachine();
    const answer = Promise.withResolvers<Partial<Output>>();
    machine.prepare(/verify --inside$/, () => answer.promise);
    const ready = bootToReady(machine);
    const ran = (part: string) => machine.journal.some((entry) => entry.includes(part));
    await until(machine, () => ran('verify --inside') && ran('git clone --no-checkout') && ran('ls-remote'));
    // As the agent, in a home that is in order, with its accounts.
    const at = (part: string) => machine.journal.findIndex((entry) => entry.includes(part));
    expect(at('cloister.mjs provision-home')).toBeLessThan(at('git clone'));
    expect(at('agent/gitconfig')).toBeLessThan(at('git clone'));
    // Whatever else could go on has had its chance.
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => void setImmediate(resolve));
    const inPlace = [
      ' checkout --progress',
      '/usr/bin/mv',
      '/usr/bin/tmux',
      'cloister.mjs rescue',
      'remote add',
    ];
    expect(inPlace.filter(ran)).toEqual([]);
    expect(stateOf(machine)?.phase).toBe('booting');
    answer.resolve({
      stdout: JSON.stringify(attackedPromises.map((promise) => ({ promise, verdict: 'holds', detail: '' }))),
    });
    await ready;
    expect([' checkout --progress', '/usr/bin/mv', '/usr/bin/tmux'].every(ran)).toBe(true);
  });

  test('a proof that fails cuts the fetch short before its draft is taken back', async () => {
    const machine = makeMachine();
    const seen: string[] = [];
    machine.prepare(/git clone /, ({ abort }) => {
      machine.prepare(/\/usr\/bin\/rm -rf /, () => {
        seen.push('draft removed');
        return {};
      });
      return new Promise((_, reject) => {
        abort?.addEventListener('abort', () => {
          seen.push('fetch cut');
          reject(new Error('git was stopped'));
        });
      });
    });
    machine.prepare(/verify --inside$/, { stdout: '[]' });
    expect(await bootToEnd(machine)).toBe(70);
    expect(failureOf(machine)).toMatchObject({ step: 'self-test' });
    expect(seen).toEqual(['fetch cut', 'draft removed']);
    expect(stateOf(machine)?.steps.filter(({ state }) => state === 'running')).toEqual([]);
  });

  test('asks the remote for a rescue beside the fetch, and starts the program that restores only where one may be', async () => {
    const restored = async (answer: string | Error) => {
      const machine = makeMachine();
      machine.prepare(/ ls-remote /, answer instanceof Error ? answer : { stdout: answer });
      await bootToReady(machine);
      return machine.journal.some((entry) => entry.includes('cloister.mjs rescue'));
    };
    expect(await restored('')).toBe(false);
    expect(await restored(`${'a'.repeat(40)}\trefs/cloister/box/0123abcd/manifest\n`)).toBe(true);
    expect(await restored(new Error('could not resolve host'))).toBe(true);
  });

  test('leaves no secret in the environment of the second half, nor in its arguments', async () => {
    const machine = makeMachine();
    const { replacement } = await bootToReady(machine, { ...goodEnvironment, TERM: 'xterm' });
    expect(JSON.stringify(replacement)).not.toMatch(/github_pat|sk-ant/);
    expect(replacement.env.TERM).toBe('xterm');
  });

  test('prints no secret and no prompt in any line, and puts none into the public state', async () => {
    const machine = makeMachine();
    machine.prepare(
      /git clone/,
      new Error(`fatal: could not read from https://x:${goodEnvironment.GH_PAT}@github.com`),
    );
    await bootToReady(machine, { ...goodEnvironment, CLAUDE_PROMPT: 'fix the secret build' });
    const said = machine.printed.join('') + machine.files.read('/run/cloister/state.json');
    expect(said).not.toMatch(/github_pat_0|sk-ant-oat01-0|fix the secret build/);
  });

  test('runs every program of the agent under the one profile, with a fresh environment', async () => {
    const machine = makeMachine();
    await bootToReady(machine);
    // Beside those that only try what the kernel lets its user have.
    const agents = machine.commands.filter(
      ({ argv }) => argv.includes('--reuid=1000') && argv.at(-1) !== '/usr/bin/true',
    );
    expect(agents.length).toBeGreaterThan(3);
    for (const { argv, env } of agents) {
      // A program of ours has room where the agent has used up its own.
      expect(withoutCount(argv.join(' '))).toContain(withoutCount(confined));
      // Where the remote alone is asked, not even the agent's home has a say.
      if (argv.includes('ls-remote'))
        expect(env).toMatchObject({ HOME: '/nonexistent', GIT_DIR: '/nonexistent' });
      else expect(env).toMatchObject({ HOME: '/home/claude', USER: 'claude' });
      expect(JSON.stringify(env)).not.toMatch(/github_pat|sk-ant/);
    }
  });

  test('ready carries the id of this boot and nothing older', async () => {
    const machine = makeMachine();
    await bootToReady(machine);
    expect(machine.files.read('/run/cloister/ready').trim()).toBe(stateOf(machine)?.bootId);
    expect(eventsOf(machine).at(-1)).toMatchObject({ event: 'boot.ready' });
  });
});

function withoutCount(line: string): string {
  return line.replace(/--nproc=\d+/, '--nproc=N');
}
