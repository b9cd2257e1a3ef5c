// Writes the agent's seccomp filter for the machine it runs on. Usage: node seccomp.mjs FILE
import { writeFileSync } from 'node:fs';
import { renderSeccomp } from '../src/core/seccomp.ts';

writeFileSync(process.argv[2], renderSeccomp(process.arch), { mode: 0o644 });
