import { setTimeout as delay } from 'node:timers/promises';
import { realFiles } from './files.ts';
import type { Host } from './host.ts';
import { ask } from './local-socket.ts';
import { uptime } from './uptime.ts';

/** What a short command needs that only looks: whatever else a host is able to do takes 10 ms of CPU to load. */
export const lookingHost: Pick<Host, 'files' | 'print' | 'uptime' | 'sleep' | 'ask'> = {
  files: realFiles,
  print: (text) => void process.stdout.write(text),
  uptime,
  sleep: (milliseconds) => delay(milliseconds),
  ask,
};
