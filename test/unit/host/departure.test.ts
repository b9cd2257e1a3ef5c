import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';

/** A program that waits until nobody reads on, and would otherwise live for twenty seconds. */
const program = `
  import { onDeparture } from '${process.cwd()}/src/host/departure.ts';
  setTimeout(() => process.exit(7), 20000);
  setInterval(() => process.stdout.write('.'), 50);
  onDeparture(() => process.exit(0));
`;

function start(stdin: 'pipe' | 'ignore') {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: [stdin, 'pipe', 'inherit'],
  });
  const code = new Promise<number | null>((resolve) => void child.on('exit', resolve));
  const dots = (count: number) =>
    new Promise<void>((resolve) => {
      let seen = 0;
      child.stdout?.on('data', (text: Buffer) => {
        seen += text.length;
        if (seen >= count) resolve();
      });
    });
  return { child, code, dots };
}

test('whoever printed for a reader ends when stdout is broken', async () => {
  const { child, code, dots } = start('ignore');
  await dots(2);
  child.stdout?.destroy();
  expect(await code).toBe(0);
});

test('and when stdin ends later than at the start', async () => {
  const { child, code, dots } = start('pipe');
  await dots(30);
  child.stdin?.end();
  expect(await code).toBe(0);
});

test('a stdin that is empty from the beginning tells nothing', async () => {
  const { child, code, dots } = start('pipe');
  child.stdin?.end();
  await dots(40);
  expect(child.exitCode).toBeNull();
  child.kill();
  expect(await code).toBeNull();
});
