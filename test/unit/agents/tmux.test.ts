import { describe, expect, test } from 'vitest';
import { attachArgv, clientCommand, makeSession, serverSpec } from '../../../src/agents/tmux.ts';
import { confined } from '../../../src/confinement/profile.ts';
import { FakeMachine } from '../../../src/host/fake-host.ts';

const agent = { uid: 1000, gid: 1000 };
const profile = confined([], agent);

const place = { folder: '/workspace/repo', key: '0a1b' };

describe('everything of tmux runs as the agent, confined', () => {
  test.each([
    ['the server', serverSpec(agent, {}).argv],
    ['a client that obeys the agent’s server', attachArgv(agent, 0)],
    ['a command', clientCommand(agent, ['kill-session']).argv],
  ])('%s', (_, argv) => {
    expect(argv.slice(0, profile.length)).toEqual(profile);
    const [program, , behind] = argv.slice(profile.length);
    const server = '/usr/local/libexec/cloister/server';
    expect(program === server ? behind : program).toBe('/usr/bin/tmux');
    expect(argv.join(' ')).toContain('-S /run/cloister/session/tmux');
  });

  test('with an environment made from a list, plus what the boot adds', () => {
    const { env } = serverSpec(agent, { SSL_CERT_FILE: '/x.pem' });
    expect(env).toMatchObject({ HOME: '/home/claude', SSL_CERT_FILE: '/x.pem' });
    expect(Object.keys(env).some((name) => /TOKEN|KEY|PAT$/.test(name))).toBe(false);
  });
});

describe('the session', () => {
  test('has Claude above, a shell of a fifth below, and a size while nobody looks', async () => {
    const machine = new FakeMachine();
    machine.prepare(/tmux/);
    await makeSession(machine.program(), { agent, place });
    const [make, ...more] = machine.commands.map(({ argv }) => argv.slice(profile.length + 4).join(' '));
    expect(make?.split(' ; ')).toEqual([
      'new-session -d -s cloister -x 200 -y 50 -c /workspace/repo -n claude /usr/local/libexec/cloister/agent 0a1b',
      'set-option -p @cloister_role agent',
      'split-window -v -l 20% -t =cloister: -c /workspace/repo',
      'set-option -p @cloister_role shell',
      'select-pane -t =cloister:.{top}',
    ]);
    expect(more).toEqual([]);
  });

  test('that is there already was made by somebody else who found the server back', async () => {
    const machine = new FakeMachine();
    machine.prepare(/new-session/, new Error('choom exited with 1: duplicate session: cloister'));
    await makeSession(machine.program(), { agent, place });
    expect(machine.commands).toHaveLength(1);
  });

  test('waits for its server, but not for ever', async () => {
    const machine = new FakeMachine();
    machine.clock.free = true;
    let left = 3;
    machine.prepare(/new-session/, () => {
      if (left-- > 0) throw new Error('no server');
      return {};
    });
    await makeSession(machine.program(), { agent, place });
    machine.prepare(/new-session/, new Error('no server'));
    await expect(makeSession(machine.program(), { agent, place })).rejects.toThrow('no server');
  });
});
