import { setTimeout as delay } from 'node:timers/promises';
import { run, start } from './children.ts';
import { realFiles } from './files.ts';
import type { Host } from './host.ts';
import { bindSockets } from './sockets.ts';

/** The real operating system. */
export function makeHost(): Host {
  return {
    pid: process.pid,
    env: { ...process.env },
    files: realFiles,
    terminal: process.stdout.isTTY === true && process.stdin.isTTY === true,
    nodeVersion: process.version,
    now: () => Date.now(),
    sleep: (milliseconds) => delay(milliseconds),
    every: (milliseconds, callback) => void setInterval(callback, milliseconds).unref(),
    print: (text) => void process.stdout.write(text),
    run,
    start,
    bindSockets,
    lock: async (path) => (await import('./lock.ts')).lock(path),
    replace: (argv, env) => {
      const [file = ''] = argv;
      process.execve?.(file, [...argv], env);
      throw new Error('this Node can not replace itself');
    },
    onSignal: (names, listener) => {
      for (const name of names) process.on(name, listener);
    },
  };
}
