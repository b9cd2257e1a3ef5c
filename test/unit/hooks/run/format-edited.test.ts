import { mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isFor, parseFormatters } from '../../../../src/hooks/formatters.ts';
import { format } from '../../../../src/hooks/run/format-edited.ts';
import { FakeMachine } from '../../../../src/host/fake-host.ts';

describe('the list', () => {
  test('holds patterns, commands and the files that ask for them', () => {
    const { formatters, faults } = parseFormatters(
      '# all\n*.go gofmt -w # go\n\n*.ts prettier --write if .prettierrc* package.json:"prettier"\ngen/** none\n',
      'x.conf',
    );
    expect(faults).toEqual([]);
    expect(formatters).toEqual([
      { pattern: '*.go', command: ['gofmt', '-w'], markers: [] },
      {
        pattern: '*.ts',
        command: ['prettier', '--write'],
        markers: [
          { name: '.prettierrc*', text: null },
          { name: 'package.json', text: '"prettier"' },
        ],
      },
      { pattern: 'gen/**', command: [], markers: [] },
    ]);
  });

  test.each([
    ['*.go', 'x.conf:1: "*.go" has no command; write "none" to leave such files alone'],
    ['*.go gofmt if', 'x.conf:1: "if" wants the name of a file that the project keeps'],
    ['*.go $(reboot)', 'x.conf:1: "$(reboot)" is no program\'s name or path'],
  ])('tells the fault of %j', (line, fault) => {
    expect(parseFormatters(line, 'x.conf').faults).toEqual([fault]);
  });

  test('matches the name, or with a slash the path', () => {
    const of = (pattern: string) => ({ pattern, command: [], markers: [] });
    expect(isFor(of('*.{ts,js}'), 'repo/src/a.ts')).toBe(true);
    expect(isFor(of('repo/gen/**'), 'repo/gen/b/a.ts')).toBe(true);
    expect(isFor(of('repo/*.ts'), 'repo/src/a.ts')).toBe(false);
  });

  test('of the image has no fault', async () => {
    const { readFileSync } = await import('node:fs');
    const { formatters, faults } = parseFormatters(
      readFileSync('rootfs/etc/cloister/formatters.conf', 'utf8'),
      'x',
    );
    expect(faults).toEqual([]);
    expect(formatters.length).toBeGreaterThan(4);
  });
});

function setUp(list = '*.txt shout\n') {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'format-')));
  const at = (path: string, text?: string) => {
    const whole = join(root, path);
    mkdirSync(dirname(whole), { recursive: true });
    if (text !== undefined) writeFileSync(whole, text, { mode: 0o755 });
    return whole;
  };
  const places = {
    list: at('formatters.conf', list),
    folder: at('formatters.d'),
    workspace: dirname(at('workspace/x')),
    programs: [dirname(at('bin/shout', ''))],
  };
  const machine = new FakeMachine();
  machine.prepare(/shout/, ({ argv }) => {
    writeFileSync(argv.at(-1) ?? '', 'LOUD\n');
    return {};
  });
  const edit = async (file_path: unknown, name = 'PostToolUse') =>
    format(
      machine.program({ uid: 1000 }),
      JSON.stringify({ hook_event_name: name, tool_input: { file_path } }),
      places,
    );
  return { at, machine, edit };
}
const contextOf = (answer: string) => (JSON.parse(answer) as Answer).hookSpecificOutput.additionalContext;
interface Answer {
  readonly hookSpecificOutput: { readonly additionalContext: string };
}

describe('an edited file', () => {
  test('is formatted by the first line that fits, and the model is told', async () => {
    const { at, machine, edit } = setUp('*.txt absent\n*.txt shout --now\n*.txt never\n');
    const file = at('workspace/a.txt', 'quiet\n');
    expect(contextOf(await edit(file))).toContain('shout formatted');
    expect(machine.commands[0]?.argv.slice(1)).toEqual(['--now', file]);
    expect(machine.commands[0]).toMatchObject({ cwd: dirname(file), timeout: 10_000 });
  });

  test('that was right already is not spoken of', async () => {
    const { at, edit } = setUp();
    expect(await edit(at('workspace/a.txt', 'LOUD\n'))).toBe('');
  });

  test('whose formatter fails is told with what it said, in one printable line', async () => {
    const { at, machine, edit } = setUp();
    machine.prepare(/shout/, new Error('line 1\nbad \x1b[2J'));
    const said = contextOf(await edit(at('workspace/a.txt', 'quiet\n')));
    expect(said).toMatch(/^shout could not format ".*a\.txt": line 1 \| bad \?\[2J$/);
  });

  test.each(['workspace/.git/a.txt', 'workspace/node_modules/x/a.txt', 'outside/a.txt', 'workspace/a.md'])(
    'at %s is left alone',
    async (path) => {
      const { at, machine, edit } = setUp();
      expect(await edit(at(path, 'quiet\n'))).toBe('');
      expect(machine.commands).toEqual([]);
    },
  );

  test('behind a link that leads out is left alone, and one that leads inside is itself formatted', async () => {
    const { at, machine, edit } = setUp();
    symlinkSync(at('outside/a.txt', 'quiet\n'), at('workspace/out.txt'));
    expect(await edit(at('workspace/out.txt'))).toBe('');
    symlinkSync(dirname(at('outside/a.txt')), at('workspace/folder'));
    expect(await edit(`${at('workspace/folder')}/a.txt`)).toBe('');
    const file = at('workspace/b.txt', 'quiet\n');
    symlinkSync(file, at('workspace/in.txt'));
    await edit(at('workspace/in.txt'));
    expect(machine.commands.map(({ argv }) => argv.at(-1))).toEqual([file]);
  });

  test('with an odd name is one argument and no option', async () => {
    const { at, machine, edit } = setUp();
    const file = at('workspace/--x $(touch pwned) "\n.txt', 'quiet\n');
    const said = contextOf(await edit(file));
    expect(machine.commands[0]?.argv.at(-1)).toBe(file);
    expect(said).toMatch(/^[\x20-\x7e]*$/);
  });

  test.each(['relative.txt', '', 7, null, undefined, '/nowhere/a.txt', '/a\0b'])(
    'named %j is left alone',
    async (path) => {
      expect(await setUp().edit(path)).toBe('');
    },
  );

  test('that is too large, a folder or no edit’s is left alone', async () => {
    const { at, edit } = setUp();
    expect(await edit(at('workspace/a.txt', 'x'.repeat(1024 ** 2 + 1)))).toBe('');
    expect(await edit(dirname(at('workspace/dir.txt/x')))).toBe('');
    expect(await edit(at('workspace/b.txt', 'quiet\n'), 'PreToolUse')).toBe('');
  });
});

describe('the operator', () => {
  test('comes first with a folder of lists, and says which files to leave alone', async () => {
    const { at, machine, edit } = setUp();
    at('formatters.d/own.conf', 'x.txt none\n');
    at('formatters.d/ignored.txt', '*.txt none\n');
    expect(await edit(at('workspace/x.txt', 'quiet\n'))).toBe('');
    expect(machine.commands).toEqual([]);
    expect(await edit(at('workspace/y.txt', 'quiet\n'))).not.toBe('');
  });

  test('hears of a faulty line, and the rest works', async () => {
    const { at, edit } = setUp('*.md\n*.txt shout\n');
    const answer = JSON.parse(await edit(at('workspace/a.txt', 'quiet\n'))) as { systemMessage: string };
    expect(answer.systemMessage).toContain('formatters.conf:1: "*.md" has no command');
  });

  test('has a formatter used only where the project asks for it', async () => {
    const { at, machine, edit } = setUp('*.txt shout if .shoutrc* package.json:"shout"\n');
    const file = at('workspace/repo/src/a.txt', 'quiet\n');
    at('workspace/repo/package.json', '{}');
    await edit(file);
    expect(machine.commands).toEqual([]);
    at('workspace/repo/package.json', '{"shout": {}}');
    await edit(file);
    expect(machine.commands).toHaveLength(1);
    at('workspace/repo/package.json', '{}');
    at('workspace/repo/.shoutrc.json', '');
    await edit(file);
    expect(machine.commands).toHaveLength(2);
  });
});
