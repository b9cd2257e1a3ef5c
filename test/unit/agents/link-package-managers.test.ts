import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { linkPackageManagers } from '../../../src/agents/link-package-managers.ts';

/** A home, and an image that has these. */
function setUp(...versions: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'corepack-'));
  const [home, image] = [join(folder, 'home'), join(folder, 'image')];
  mkdirSync(home);
  for (const version of versions) mkdirSync(join(image, version), { recursive: true });
  return { home, image, kept: (path: string) => join(home, '.cache/node/corepack/v1', path) };
}

describe('the package managers of the image', () => {
  test('are where corepack looks, again at every boot', () => {
    const { home, image, kept } = setUp('pnpm/11.0.0', 'yarn/1.22.22', 'yarn/4.18.0');
    for (let boot = 0; boot < 2; boot++) {
      linkPackageManagers(home, image);
      expect(readlinkSync(kept('pnpm/11.0.0'))).toBe(join(image, 'pnpm/11.0.0'));
      expect(readdirSync(kept('yarn')).toSorted()).toEqual(['1.22.22', '4.18.0']);
    }
  });

  test('leave what corepack has fetched into a home that is kept, and go with their image', () => {
    const { home, image, kept } = setUp('pnpm/11.0.0', 'pnpm/11.1.0');
    mkdirSync(kept('pnpm/10.0.0'), { recursive: true });
    mkdirSync(kept('pnpm/11.1.0'), { recursive: true });
    symlinkSync('/nowhere', kept('pnpm/mine'));
    linkPackageManagers(home, image);
    rmSync(join(image, 'pnpm/11.0.0'), { recursive: true });
    mkdirSync(join(image, 'pnpm/12.0.0'));
    linkPackageManagers(home, image);
    expect(readdirSync(kept('pnpm')).toSorted()).toEqual(['10.0.0', '11.1.0', '12.0.0', 'mine']);
    expect(lstatSync(kept('pnpm/11.1.0')).isDirectory()).toBe(true);
  });

  test('find their way past what was left in it', () => {
    const { home, image, kept } = setUp('pnpm/11.0.0');
    writeFileSync(join(home, '.cache'), 'a file');
    linkPackageManagers(home, image);
    expect(existsSync(kept('pnpm/11.0.0'))).toBe(true);
  });

  test('are none in an image without them', () => {
    const { home, image } = setUp();
    linkPackageManagers(home, image);
    expect(readdirSync(home)).toEqual([]);
  });
});
