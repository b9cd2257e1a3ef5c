// Writes the seccomp filters for the machine it runs on. Usage: seccomp.ts FOLDER
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { renderSeccomp } from '../src/confinement/seccomp.ts';
import { Paths } from '../src/core/paths.ts';

const { arch } = process;
if (arch !== 'x64' && arch !== 'arm64') throw new Error(`the system calls of ${arch} are not known`);
const [folder = '.'] = process.argv.slice(2);
const write = (path: string, filter: Buffer) =>
  writeFileSync(join(folder, basename(path)), filter, { mode: 0o644 });
write(Paths.seccomp, renderSeccomp(arch));
write(Paths.packetLoggerSeccomp, renderSeccomp(arch, 'packet-log'));
