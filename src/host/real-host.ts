import { setTimeout as delay } from 'node:timers/promises';
import { runLean, start } from './children.ts';
import { realFiles } from './files.ts';
import type { Host } from './host.ts';
import { bindSockets } from './sockets.ts';

/**
 * The real operating system.
 * @param options.lean the supervisor's: it never loads what only short programs need.
 */
export function makeHost(options: { lean: boolean }): Host {
  return {
    pid: process.pid,
    uid: process.getuid?.() ?? 0,
    env: { ...process.env },
    files: realFiles,
    terminal: process.stdout.isTTY === true && process.stdin.isTTY === true,
    nodeVersion: process.version,
    now: () => Date.now(),
    sleep: (milliseconds) => delay(milliseconds),
    every: (milliseconds, callback) => void setInterval(callback, milliseconds).unref(),
    print: (text) => void process.stdout.write(text),
    run: options.lean ? runLean : async (command) => (await import('./run.ts')).run(command),
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
