import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** An engine that writes down what it is asked, has a box that runs, and starts whatever it is told to. */
const engine = `#!/bin/sh
echo "$*" >>"$ASKED"
case "$1 $3" in
  'inspect {{.State.Running}}') echo true ;;
esac
`;

test('make up stops a box that runs, so that it saves its work, before it takes its place', () => {
  const folder = mkdtempSync(join(tmpdir(), 'engine-'));
  const asked = join(folder, 'asked');
  writeFileSync(join(folder, 'docker'), engine, { mode: 0o755 });
  mkdirSync(join(folder, 'scripts'));
  for (const script of ['up', 'run', 'flags']) cpSync(`scripts/${script}`, join(folder, 'scripts', script));
  // The image is there.
  writeFileSync(join(folder, 'scripts/image'), '#!/bin/sh\n', { mode: 0o755 });
  const { status } = spawnSync(join(folder, 'scripts/up'), [], {
    env: { ...process.env, ENGINE: join(folder, 'docker'), ASKED: asked },
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  const verbs = readFileSync(asked, 'utf8')
    .split('\n')
    .filter((line) => / cloister( |$)/.test(line))
    .map((line) => line.split(' ')[0]);
  expect(verbs.filter((verb) => ['stop', 'rm', 'run'].includes(verb ?? ''))).toEqual(['stop', 'rm', 'run']);
});
