import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { isOwnChild, runLean, start } from './children.ts';
import { onDeparture } from './departure.ts';
import { endDescendants } from './descendants.ts';
import { realFiles } from './files.ts';
import type { Host } from './host.ts';
import { ask, serve } from './local-socket.ts';
import { compactMemory } from './memory.ts';
import { missedSignals } from './missed-signals.ts';
import { tellNetfilter } from './netfilter.ts';
import { readStatus } from './proc/pid.ts';
import { makeReaper, type WaitCalls } from './reaper.ts';
import { bindSockets, bindStream, receiveLines } from './sockets.ts';
import { uptime } from './uptime.ts';

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
    anyTerminal: [0, 1, 2].some(isatty),
    nodeVersion: process.version,
    now: () => Date.now(),
    uptime,
    sleep: (milliseconds) => delay(milliseconds),
    every: (milliseconds, callback) => void setInterval(callback, milliseconds).unref(),
    print: (text) => void process.stdout.write(text),
    printError: (text) => void process.stderr.write(text),
    flush: () => new Promise((resolve) => void process.stdout.write('', () => resolve())),
    onDeparture,
    run: options.lean ? runLean : async (command) => (await import('./run.ts')).run(command),
    start,
    bindSockets,
    bindStream,
    receiveLines,
    serve,
    ask,
    tellNetfilter,
    lock: async (path) => (await import('./lock.ts')).lock(path),
    replace: (argv, env) => {
      const [file = ''] = argv;
      process.execve?.(file, [...argv], env);
      throw new Error('this Node can not replace itself');
    },
    reapOrphans: startReaping,
    endDescendants,
    compactMemory,
    signal: (pid, signal) => void process.kill(pid, signal),
    missedSignals: () => missedSignals(readStatus(realFiles, 'self')),
    onSignal: (names, listener) => {
      for (const name of names) process.on(name, listener);
    },
    onFault: (listener) => {
      process.on('uncaughtException', listener);
      process.on('unhandledRejection', listener);
      // Whoever read our words is gone: no reason to end.
      for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
    },
  };
}

/** Milliseconds Node gets to collect a child of its own before the next look. */
const turn = 2;
/** Signals of the same kind merge: a look now and then finds what a merged one hid. */
const patrol = 1000;

function startReaping(): void {
  // Built beside the bundle: the one part of the program that is not JavaScript.
  const calls = createRequire(import.meta.url)('./reap.node') as WaitCalls;
  if (process.pid !== 1) calls.adopt();
  // What an engine ignores it hands down, and so would we: to every child.
  calls.heed();
  const sweep = makeReaper({
    calls,
    isOurs: isOwnChild,
    later: (callback) => void setTimeout(callback, turn).unref(),
  });
  process.on('SIGCHLD', sweep);
  setInterval(sweep, patrol).unref();
}
