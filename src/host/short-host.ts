import { realFiles } from './files.ts';
import type { ShortHost } from './host.ts';
import { uptime } from './uptime.ts';

/** Started many times a minute, or while the boot waits: what starts programs or asks init is loaded by whoever does. */
export const shortHost: ShortHost = {
  uid: process.getuid?.() ?? 0,
  env: { ...process.env },
  files: realFiles,
  now: () => Date.now(),
  uptime,
  sleep: (milliseconds) => new Promise((resolve) => void setTimeout(resolve, milliseconds)),
  print: (text) => void process.stdout.write(text),
  printError: (text) => void process.stderr.write(text),
  run: async (command) => (await import('./children.ts')).runLean(command),
  signal: (pid, signal) => void process.kill(pid, signal),
  ask: async (path, line) => (await import('./local-socket.ts')).ask(path, line),
};
