import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** An engine whose box has just ended with 70, and that says on stdout why nothing runs in it any more. */
const ending = `#!/bin/sh
case "$1 $3" in
  'exec '*) echo 'OCI runtime exec failed: the container is not running'; exit 126 ;;
  'inspect {{.State.Running}}') echo false ;;
  'inspect {{.State.ExitCode}}') echo 70 ;;
  'logs '*) echo 'boot failed at proof' ;;
esac
`;

test('a box that ends while it is asked whether it is ready was never ready', () => {
  const engine = join(mkdtempSync(join(tmpdir(), 'engine-')), 'docker');
  writeFileSync(engine, ending, { mode: 0o755 });
  const { status, stderr } = spawnSync('scripts/run', ['box'], {
    env: { ...process.env, ENGINE: engine },
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 70, stderr: 'boot failed at proof\n' });
});
