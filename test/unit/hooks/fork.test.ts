import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { parseDefaultBranch, planSync } from '../../../src/hooks/fork.ts';
import { hook } from '../../../src/hooks/hook.ts';
import { parseParent, repositoryOf } from '../../../src/hooks/protocol.ts';
import { asideSession } from '../../../src/hooks/session-name.ts';
import { FakeMachine } from '../../../src/host/fake-host.ts';

test.each([
  ['https://github.com/cloister-demo/hello', 'cloister-demo/hello'],
  ['https://github.com/cloister-demo/hello.git', 'cloister-demo/hello'],
  ['https://github.com/a/b.c/', 'a/b.c'],
])('knows the repository in %s', (url, name) => {
  expect(repositoryOf(url)).toBe(name);
});

test.each([
  'https://github.com/a',
  'http://github.com/a/b',
  'https://github.com.evil.test/a/b',
  'https://evil.test/a/b',
  'https://github.com/a/..',
  'https://github.com/a/b?x',
  'https://x@github.com/a/b',
  '--upload-pack=/tmp/x',
  'https://github.com/a/b\n--x',
])('knows no repository in %j', (url) => {
  expect(repositoryOf(url)).toBeNull();
});

test('takes a parent from GitHub’s answer only where there is one, and only by a name', () => {
  const answer = (fork: unknown, full_name: unknown) =>
    parseParent(JSON.stringify({ fork, parent: { full_name } }));
  expect(answer(true, 'up/stream')).toBe('https://github.com/up/stream');
  expect(answer(false, 'up/stream')).toBeNull();
  expect(answer(true, 'up/stream --x')).toBeNull();
  expect(answer(true, '../stream')).toBeNull();
  expect(answer(true, 7)).toBeNull();
  for (const text of ['', 'null', '[]', '{"fork":true}', '{"fork":true,"parent":null}'])
    expect(parseParent(text)).toBeNull();
});

test('reads the default branch as a plain name', () => {
  expect(parseDefaultBranch('ref: refs/heads/main\tHEAD\nabc\tHEAD\n')).toBe('main');
  for (const name of ['-x', '../x', 'a..b', 'x.lock', 'a b', '$(x)'])
    expect(parseDefaultBranch(`ref: refs/heads/${name}\tHEAD\n`)).toBeNull();
});

describe('a fork', () => {
  const standing = { branch: 'main', behind: 3, ahead: 0, current: true, dirty: false };
  test('is brought forward where nothing stands against it', () => {
    expect(planSync(standing).kind).toBe('merge');
    expect(planSync({ ...standing, current: false }).kind).toBe('move');
    expect(planSync({ ...standing, behind: 0, ahead: 2, dirty: true }).kind).toBe('nothing');
  });

  test('is left alone, and said to be, where it went its own way or holds work', () => {
    expect(planSync({ ...standing, ahead: 1 })).toMatchObject({
      kind: 'leave',
      why: /3 commits behind.*1 commit ahead/,
    });
    expect(planSync({ ...standing, dirty: true })).toMatchObject({ kind: 'leave', why: /local changes/ });
  });
});

describe('the sync at a session’s start', () => {
  const start = (session: string, prepare: (machine: FakeMachine) => void) => {
    const machine = new FakeMachine();
    prepare(machine);
    const event = JSON.stringify({ hook_event_name: 'SessionStart', session_id: session });
    return hook(machine.program({ uid: 1000 }), 'fork-sync', Readable.from([event])).then((code) => ({
      machine,
      code,
      said: machine.printed.join(''),
    }));
  };
  const behind = (machine: FakeMachine) => {
    machine.prepare(/git .* (fetch|merge|remote|status)/);
    machine.prepare(/ls-remote/, { stdout: 'ref: refs/heads/main\tHEAD\n' });
    machine.prepare(/rev-list/, { stdout: '0\t2\n' });
    machine.prepare(/rev-parse/, { stdout: 'refs/heads/main\n' });
  };

  test('merges forward only, and says so in one line', async () => {
    const { machine, said } = await start('a', behind);
    expect(JSON.parse(said).hookSpecificOutput.additionalContext).toBe(
      'main was fast-forwarded by 2 commits to upstream/main.',
    );
    expect(machine.commands.at(-1)?.argv.join(' ')).toMatch(
      /merge --quiet --ff-only refs\/remotes\/upstream\/main$/,
    );
  });

  test('touches nothing where the tree is dirty', async () => {
    const { machine, said } = await start('a', (machine) => {
      behind(machine);
      machine.prepare(/status/, { stdout: ' M note\n' });
    });
    expect(said).toContain('it was not touched');
    expect(machine.commands.some(({ argv }) => argv.includes('merge'))).toBe(false);
  });

  test('is silent where there is no upstream, and starts nothing for a question of our own', async () => {
    const none = await start('a', (machine) => machine.prepare(/remote/, new Error('no such remote')));
    expect([none.code, none.said]).toEqual([0, '']);
    const config = (text: string) => (machine: FakeMachine) => {
      machine.files.put('/workspace/repo/.git/config', text);
      behind(machine);
    };
    expect((await start('a', config('[remote "origin"]\n'))).machine.commands).toEqual([]);
    expect((await start('a', config('[remote "upstream"]\n'))).machine.commands).not.toEqual([]);
    const aside = await start(asideSession('0123456789ab'), () => {});
    expect(aside.machine.commands).toEqual([]);
  });
});
