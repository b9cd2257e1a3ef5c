import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

/** Packages of the made-up registry, and octets in each: the median package of a real project has as many. */
export const packages = 200;
const content = 24_000;

interface Found {
  readonly type: string;
  readonly body: Buffer;
}

/** Answers for `/package-N` and its archive as a registry does.  @returns null for every other path. */
export function answerPackage(path: string, host: string): Found | null {
  const [, name, archive] = /^\/(package-\d+)(\/-\/.+\.tgz)?$/.exec(path) ?? [];
  if (name === undefined) return null;
  const body = archiveOf(name);
  if (archive !== undefined) return { type: 'application/octet-stream', body };
  const integrity = `sha512-${createHash('sha512').update(body).digest('base64')}`;
  const version = {
    name,
    version: '1.0.0',
    dist: { integrity, tarball: `${host}/${name}/-/${name}-1.0.0.tgz` },
  };
  const document = { name, 'dist-tags': { latest: '1.0.0' }, versions: { '1.0.0': version } };
  return { type: 'application/json', body: Buffer.from(JSON.stringify(document)) };
}

const archives = new Map<string, Buffer>();

function archiveOf(name: string): Buffer {
  const known = archives.get(name);
  if (known !== undefined) return known;
  const made = gzipSync(
    Buffer.concat([
      ...entry('package/package.json', Buffer.from(JSON.stringify({ name, version: '1.0.0' }))),
      ...entry('package/index.js', Buffer.from(`// ${name}\n`.repeat(content / 16))),
      Buffer.alloc(1024),
    ]),
    { level: 1 },
  );
  archives.set(name, made);
  return made;
}

/** One file of a tar archive: header and content, both in blocks of 512 octets. */
function entry(path: string, body: Buffer): Buffer[] {
  const head = Buffer.alloc(512);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
  head.write(path, 0);
  head.write(octal(0o644, 7), 100);
  head.write(octal(0, 7), 108);
  head.write(octal(0, 7), 116);
  head.write(octal(body.length, 11), 124);
  head.write(octal(0, 11), 136);
  head.write('        0', 148);
  head.write('ustar\0' + '00', 257);
  const sum = head.reduce((total, octet) => total + octet, 0);
  head.write(octal(sum, 6), 148);
  return [head, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
}
