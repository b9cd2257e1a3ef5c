// Packages that the registry has: small ones of our own, as the files in them.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

const host = 'https://npm.pkg.github.com';

const packages: Record<string, { version: string; files: Record<string, string> }> = {
  '@cloister-demo/greeting': {
    version: '1.2.0',
    files: {
      'package.json': `${JSON.stringify({ name: '@cloister-demo/greeting', version: '1.2.0', type: 'module', main: 'index.js', types: 'index.d.ts' })}\n`,
      'index.js': "export const greeting = (name) => 'Good day, ' + name + '.';\n",
      'index.d.ts': 'export declare const greeting: (name: string) => string;\n',
    },
  },
};

/** What the registry knows of a package, as npm asks for it; nothing for one nobody has published. */
export function describePackage(name: string): Record<string, unknown> | undefined {
  const found = packages[name];
  if (found === undefined) return undefined;
  const { version, files } = found;
  const integrity = `sha512-${createHash('sha512').update(packTarball(files)).digest('base64')}`;
  const dist = { tarball: `${host}/download/${name}/${version}`, integrity };
  return {
    name,
    'dist-tags': { latest: version },
    versions: { [version]: { ...JSON.parse(files['package.json'] ?? '{}'), dist } },
  };
}

/** The tarball of `NAME/VERSION`. */
export function packageTarball(path: string): Buffer | undefined {
  const found = Object.entries(packages).find(([name, { version }]) => path === `${name}/${version}`);
  return found && packTarball(found[1].files);
}

/** A tarball as npm makes one: everything below `package/`. */
export function packTarball(files: Record<string, string>): Buffer {
  const entries = Object.entries(files).map(([path, text]) =>
    packEntry(`package/${path}`, Buffer.from(text)),
  );
  return gzipSync(Buffer.concat([...entries, Buffer.alloc(1024)]));
}

/** One file in the format of POSIX (ustar). */
function packEntry(path: string, content: Buffer): Buffer {
  const head = Buffer.alloc(512);
  const octal = (value: number, width: number) => value.toString(8).padStart(width, '0');
  head.write(path, 0);
  head.write(octal(0o644, 7), 100);
  head.write(octal(0, 7), 108);
  head.write(octal(0, 7), 116);
  head.write(octal(content.length, 11), 124);
  head.write(octal(0, 11), 136);
  // The sum is taken with spaces in its own place.
  head.write('        0', 148);
  head.write('ustar\u000000', 257);
  head.write(
    `${octal(
      head.reduce((sum, octet) => sum + octet, 0),
      6,
    )}\u0000 `,
    148,
  );
  return Buffer.concat([head, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}
