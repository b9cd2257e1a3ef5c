// Holds the resolver's sockets and starts it on them, as init does; prints its process id.
// Usage: hold.mjs PORT UPSTREAM_PORT RULES
import { spawn } from 'node:child_process';
import { nodeFlags } from '../../src/confinement/node-environment.ts';

import { bindSockets } from '../../src/host/sockets.ts';

const [port, ...rest] = process.argv.slice(2);
const { udp, tcp } = bindSockets('127.0.0.1', Number(port));
const program = new URL('resolver.mjs', import.meta.url).pathname;
const child = spawn(process.execPath, [...nodeFlags, program, ...rest], {
  stdio: ['ignore', 'inherit', 'inherit', udp, tcp],
});
console.log(child.pid);
