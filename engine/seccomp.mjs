// Writes the seccomp filters for the machine it runs on. Usage: node seccomp.mjs FOLDER
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { renderSeccomp } from '../src/confinement/seccomp.ts';
import { Paths } from '../src/core/paths.ts';

const write = (path, filter) => writeFileSync(join(process.argv[2], basename(path)), filter, { mode: 0o644 });
write(Paths.seccomp, renderSeccomp(process.arch));
write(Paths.wallLogSeccomp, renderSeccomp(process.arch, 'wall-log'));
