import { expect, test } from 'vitest';
import { bootToEnd, bootToReady, failureOf, stateOf } from './drive.ts';
import { addVolume, makeMachine, referenceCapabilities, standingFirewall } from './machine.ts';

const provisioned = (machine: ReturnType<typeof makeMachine>) =>
  JSON.parse(machine.commands.find(({ argv }) => argv.includes('provision-home'))?.stdin ?? '{}') as unknown;

function machineFor(uid: number) {
  const machine = makeMachine();
  machine.prepare(/^\/usr\/sbin\/ip6?tables-nft -w -t \w+ -S$/, (command) => standingFirewall(command, uid));
  return machine;
}

test('a fresh volume’s root becomes the agent’s, and nothing below it is touched', async () => {
  const machine = makeMachine();
  addVolume(machine, '/workspace', { uid: 0, holds: ['lost+found'] });
  addVolume(machine, '/home/claude/.claude', { uid: 0 });
  await bootToReady(machine);
  expect(machine.journal.filter((line) => /^give /.test(line))).toEqual([
    'give /home/claude 700 1000:1000',
    'give /workspace 755 1000:1000',
    'give /home/claude/.claude 700 1000:1000',
  ]);
  expect(machine.files.facts('/workspace/lost+found')?.uid).toBe(0);
});

test('a volume of somebody’s is neither given nor covered nor emptied', async () => {
  const machine = makeMachine();
  addVolume(machine, '/workspace', { uid: 1000, holds: ['notes.txt'] });
  await bootToReady(machine);
  expect(machine.journal.join('\n')).not.toMatch(/(give|remove|folder|mount).* \/workspace( |$)/m);
  expect(machine.files.read('/workspace/notes.txt')).toBe('x');
});

test('as the owner of the volume run the agent and all it is given, and the firewall is that user’s', async () => {
  const machine = machineFor(1234);
  machine.files.put(
    '/etc/passwd',
    'root:x:0:0::/root:/bin/bash\nclaude:x:1000:1000::/home/claude:/bin/bash\n',
  );
  addVolume(machine, '/workspace', { uid: 1234, gid: 2345, holds: ['notes.txt'] });
  await bootToReady(machine);
  const mine = [...machine.commands, ...machine.children.map(({ spec }) => spec)]
    .map(({ argv }) => argv.join(' '))
    .filter((line) => line.includes('--reuid='));
  expect(mine.some((line) => line.includes('--reuid=1000'))).toBe(false);
  for (const word of ['provision-home', 'verify --inside', 'git clone', 'tmux'])
    expect(mine.find((line) => line.includes(word))).toContain('--reuid=1234 --regid=2345');
  const firewall = machine.commands.find(({ stdin }) => stdin?.includes('CLOISTER-AGENT'))?.stdin ?? '';
  expect(firewall).toContain('--uid-owner 1234 -j CLOISTER-AGENT');
  expect(firewall).not.toContain('--uid-owner 1000');
  expect(machine.files.facts('/home/claude')).toMatchObject({ uid: 1234, gid: 2345, mode: 0o700 });
  expect(machine.files.read('/run/cloister/passwd')).toBe('claude:x:1234:2345::/home/claude:/bin/bash\n');
  expect(machine.files.read('/run/cloister/group')).toBe('claude:x:2345:\n');
  expect(stateOf(machine)?.agent).toEqual({ uid: 1234, gid: 2345 });
});

test('a stranger’s volume ends the boot with 78 before anything was changed', async () => {
  const machine = makeMachine();
  addVolume(machine, '/home/claude/.claude', { uid: 65053, holds: ['x'] });
  expect(await bootToEnd(machine)).toBe(78);
  expect(failureOf(machine)).toMatchObject({ step: 'environment' });
  expect(failureOf(machine).remedy).toContain(
    'chown -R 1000:1000 the folder mounted at /home/claude/.claude',
  );
  expect(machine.commands).toEqual([]);
});

test('a room in memory that holds somebody else’s files is not given away', async () => {
  const machine = makeMachine();
  machine.files.putFolder('/home/claude', { uid: 0 });
  machine.files.put('/home/claude/.bashrc', 'x');
  expect(await bootToEnd(machine)).toBe(78);
  expect(failureOf(machine).remedy).toBe(
    'On the host: chown -R 1000:1000 the folder mounted at /home/claude.',
  );
});

test('with one volume at /data the work and the conversations are there, made by the agent itself', async () => {
  const machine = makeMachine({ rooms: ['/tmp', '/home/claude'] });
  addVolume(machine, '/data', { uid: 0 });
  machine.prepare(/ ls-remote /, { stdout: `${'a'.repeat(40)}\trefs/cloister/box/0123abcd/manifest\n` });
  await bootToReady(machine);
  expect(machine.files.facts('/data')).toMatchObject({ uid: 1000, gid: 1000 });
  const ofRoot = machine.journal.filter((line) => !line.includes('--reuid=1000'));
  expect(ofRoot.join('\n')).not.toContain('/data/');
  expect(provisioned(machine)).toMatchObject({
    claudeFolder: '/home/claude/.claude',
    claudeLink: '/data/claude',
    folders: ['/data/workspace', '/data/claude'],
    trusted: ['/data/workspace', '/data/workspace/repo'],
  });
  const clone = machine.commands.find(({ argv }) => argv.includes('clone'));
  expect([clone?.argv.at(-1), clone?.cwd]).toEqual(['/data/workspace/.repo.cloning', '/']);
  const session = machine.commands.find(({ argv }) => argv.includes('new-session'));
  expect(session?.argv).toContain('/data/workspace/repo');
  const order = machine.commands.find(({ argv }) => argv.at(-1) === 'rescue')?.stdin ?? '{}';
  expect(JSON.parse(order)).toMatchObject({ kind: 'restore', folder: '/data/workspace/.repo.cloning' });
  // Killed half way a restore leaves a draft that the next boot makes anew, and no work to keep.
  const restored = machine.commands.findIndex(({ argv }) => argv.at(-1) === 'rescue');
  const moved = machine.commands.findIndex(({ argv }) => argv.includes('/usr/bin/mv'));
  expect(restored).toBeLessThan(moved);
  expect(stateOf(machine)?.workspace).toBe('/data/workspace');
});

test('a data set to be read at /data is no place to keep work', async () => {
  const machine = makeMachine();
  addVolume(machine, '/data', { uid: 0, own: 'ro,relatime', holds: ['set.csv'] });
  await bootToReady(machine);
  expect(stateOf(machine)?.workspace).toBe('/workspace');
});

test('a volume below a room that the box mounts itself stays in sight', async () => {
  const machine = makeMachine({
    rooms: ['/workspace', '/tmp'],
    capabilities: [...referenceCapabilities, 'SYS_ADMIN'],
  });
  addVolume(machine, '/home/claude/.claude', { uid: 1000, holds: ['history.jsonl'] });
  await bootToReady(machine);
  const mounts = machine.journal.filter((line) => /mount .*(room|claude)/.test(line));
  expect(mounts.map((line) => line.replace(/-o \S+ /, ''))).toEqual([
    expect.stringMatching(/mount -t tmpfs tmpfs \/run\/cloister\/private\/room$/),
    expect.stringMatching(/mount --make-private \/run\/cloister\/private\/room$/),
    expect.stringMatching(/mount --rbind \/home\/claude\/\.claude \/run\/cloister\/private\/room\/\.claude$/),
    expect.stringMatching(/mount --rbind \/run\/cloister\/private\/room \/home\/claude$/),
    expect.stringMatching(/umount --recursive \/run\/cloister\/private\/room$/),
  ]);
});

test('what the engine made on the way to a mount in a room is the agent’s too, but for links and for mounts', async () => {
  const machine = makeMachine();
  for (const point of ['.config/gh/x', 'led/astray/x', '.cache/deep/x'])
    addVolume(machine, `/home/claude/${point}`, { uid: 0 });
  addVolume(machine, '/home/claude/.cache', { uid: 1000, holds: ['x'] });
  for (const name of ['.config', '.config/gh', 'led/astray', '.cache/deep'])
    machine.files.putFolder(`/home/claude/${name}`);
  machine.files.put('/home/claude/led', '', { kind: 'link' });
  await bootToReady(machine);
  expect(machine.journal.filter((line) => /^give /.test(line))).toEqual([
    'give /home/claude/.config 755 1000:1000',
    'give /home/claude/.config/gh 755 1000:1000',
    'give /workspace 755 1000:1000',
    'give /home/claude 700 1000:1000',
  ]);
});

test('a home that is full, with all that is needed in it, comes up and says so', async () => {
  const machine = makeMachine();
  machine.prepare(/provision-home$/, { stdout: 'spared /home/claude\nspared /home/claude\n' });
  await bootToReady(machine);
  const step = stateOf(machine)?.steps.find(({ name }) => name === 'agent');
  expect(step).toMatchObject({
    state: 'warned',
    detail: '/home/claude is full: what the box keeps there was left as it was',
  });
});
