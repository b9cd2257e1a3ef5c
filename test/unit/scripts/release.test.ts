import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const pinnedImages = ['base node:26', 'buildkit moby/buildkit:1', 'sbom syft:1']
  .map((line) => `${line}@${digest('0')}\n`)
  .join('');
const version = (JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version;

/** Each records its arguments; docker also plays the registry. */
const programs = {
  docker: `case "$*" in
    login*) cat >>"$TOLD.stdin" ;;
    *metadata-file*) printf '{\\n  "containerimage.digest": "${digest('a')}"\\n}\\n' >"$RELEASE_FOLDER/metadata.json" ;;
    *Manifest.Digest*) echo ${digest('c')} ;;
    *json*) head -c "$ATTESTED" /dev/zero | tr '\\0' x ;;
  esac`,
  cosign: 'exit "$COSIGN"',
  grype: 'exit "$GRYPE_SAYS"',
  dpkg: 'echo amd64',
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'release-'));
  mkdirSync(join(folder, 'bin'));
  for (const [name, script] of Object.entries(programs)) {
    const path = join(folder, 'bin', name);
    writeFileSync(path, `#!/usr/bin/env bash\necho "${name} $*" >>"$TOLD"\n${script}\n`);
    chmodSync(path, 0o755);
  }
  mkdirSync(join(folder, 'out'));
  writeFileSync(join(folder, 'images.conf'), pinnedImages);
  for (const [name, letter] of [
    ['amd64', 'a'],
    ['arm64', 'b'],
    ['digest', 'c'],
  ] as const)
    writeFileSync(join(folder, 'out', name), `${digest(letter)}\n`);
});

function release(step: string, more: Record<string, string> = {}) {
  const told = join(folder, 'told');
  const { status, stdout, stderr } = spawnSync('scripts/release', [step], {
    encoding: 'utf8',
    env: {
      PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
      TOLD: told,
      RELEASE_FOLDER: join(folder, 'out'),
      IMAGES_CONF: join(folder, 'images.conf'),
      GITHUB_REPOSITORY: 'Someone/Box',
      GITHUB_REF_NAME: 'v1.2.3',
      GITHUB_ACTOR: 'someone',
      GITHUB_TOKEN: 'a-token',
      COSIGN: '0',
      GRYPE_SAYS: '0',
      ATTESTED: '1000',
      ...more,
    },
  });
  return {
    status,
    stdout,
    stderr,
    told: existsSync(told) ? readFileSync(told, 'utf8').trim().split('\n') : [],
  };
}

describe('a release', () => {
  test('is refused for a tag that is not the version', () => {
    const { status, stderr } = release('check');
    expect([status, stderr]).toEqual([1, expect.stringContaining(`package.json says ${version}`)]);
  });

  test('is refused while an image it builds from has no digest, with the remedy', () => {
    const { status, stderr } = release('check', {
      GITHUB_REF_NAME: `v${version}`,
      IMAGES_CONF: 'scripts/images.conf',
    });
    const pinned = !readFileSync('scripts/images.conf', 'utf8').match(/^\w+ +[^@\n]+$/m);
    expect([status, stderr.includes('make release STEP=pin')]).toEqual(pinned ? [0, false] : [1, true]);
  });

  test('may go on when tag, changelog and digests agree', () => {
    expect(release('check', { GITHUB_REF_NAME: `v${version}` }).status).toBe(0);
  });

  test('pushes one architecture by digest, under no tag, with SBOM and provenance', () => {
    const { status, told } = release('push');
    expect(status).toBe(0);
    const build = told.find((line) => line.startsWith('docker buildx build')) ?? '';
    for (const part of [
      '--platform linux/amd64 ',
      `BASE=node:26@${digest('0')} `,
      'VERSION=1.2.3 ',
      `type=sbom,generator=syft:1@${digest('0')} `,
      'type=provenance,mode=max ',
      'name=ghcr.io/someone/box,push=true,push-by-digest=true',
      'rewrite-timestamp=true',
    ])
      expect(build).toContain(part);
    expect(build).not.toMatch(/--tag|latest/);
    expect(readFileSync(join(folder, 'out', 'amd64'), 'utf8')).toBe(`${digest('a')}\n`);
  });

  test.each(['base', 'buildkit', 'sbom'])('builds nothing with a %s image that has no digest', (name) => {
    writeFileSync(
      join(folder, 'images.conf'),
      pinnedImages.replace(new RegExp(`^(${name} .*)@.*`, 'm'), '$1'),
    );
    const { status, told } = release('push');
    expect([status, told]).toEqual([1, []]);
  });

  test('hands the token to the registry on stdin, never as an argument', () => {
    const { told } = release('merge');
    expect(readFileSync(join(folder, 'told.stdin'), 'utf8')).toBe('a-token\n');
    expect(told.join('\n')).not.toContain('a-token');
  });

  test.each([
    ['v1.2.3', ['1.2.3', '1.2', '1', 'latest']],
    ['v0.4.0', ['0.4.0', '0.4', 'latest']],
    ['v2.0.0-rc.1', ['2.0.0-rc.1']],
  ])('%s is published as %j', (GITHUB_REF_NAME, names) => {
    const { told } = release('merge', { GITHUB_REF_NAME });
    const create = told.find((line) => line.includes('imagetools create')) ?? '';
    expect(create.match(/--tag \S+/g)).toEqual(names.map((name) => `--tag ghcr.io/someone/box:${name}`));
    expect(create.endsWith(` ghcr.io/someone/box@${digest('a')} ghcr.io/someone/box@${digest('b')}`)).toBe(
      true,
    );
  });

  test('merges nothing when an architecture is missing, or for a tag that is none', () => {
    expect(release('merge', { GITHUB_REF_NAME: 'v1.2' })).toMatchObject({ status: 1, told: [] });
    execFileSync('rm', [join(folder, 'out', 'arm64')]);
    expect(release('merge')).toMatchObject({ status: 1, told: [] });
  });

  test('is scanned in every architecture, as pushed, and ends with the first serious flaw', () => {
    const { status, told } = release('scan');
    expect([status, told.map((line) => line.split(' ').slice(1, 4).join(' '))]).toEqual([
      0,
      [
        `registry:ghcr.io/someone/box@${digest('a')} --platform linux/amd64`,
        `registry:ghcr.io/someone/box@${digest('b')} --platform linux/arm64`,
      ],
    ]);
    expect(release('scan', { GRYPE_SAYS: '2' }).status).toBe(2);
  });

  test('is signed by digest, and verified for this workflow at this tag', () => {
    expect(release('sign').told).toContain(
      `cosign sign --yes --recursive ghcr.io/someone/box@${digest('c')}`,
    );
    const { status, told } = release('verify');
    expect(status).toBe(0);
    expect(told.find((line) => line.startsWith('cosign verify'))).toContain(
      'https://github.com/Someone/Box/.github/workflows/release.yml@refs/tags/v1.2.3',
    );
  });

  test('is not verified with a signature of somebody else, or without an attestation', () => {
    expect(release('verify', { COSIGN: '1' }).status).toBe(1);
    const { status, stderr } = release('verify', { ATTESTED: '4' });
    expect([status, stderr]).toEqual([1, expect.stringContaining('has no SBOM for linux/amd64')]);
  });
});
