import { describe, expect, test } from 'vitest';
import { landlockOptions } from '../../../src/confinement/landlock.ts';

const places = { files: ['/dev/null'], folders: ['/workspace'] };
const rights = (option: string | undefined) =>
  (option ?? '').replace(/^.*?(fs|path-beneath):/, '').split(',');

describe('the options of a Landlock domain', () => {
  test('name every way to change a file system, and none to read one', () => {
    const [access] = landlockOptions({ truncate: true, ...places });
    expect(rights(access).sort()).toEqual(
      [
        ...['make-block', 'make-char', 'make-dir', 'make-fifo', 'make-reg', 'make-sock', 'make-sym'],
        ...['refer', 'remove-dir', 'remove-file', 'truncate', 'write-file'],
      ].sort(),
    );
  });

  test('let a file be written, and in a folder everything but device nodes', () => {
    const [, file, folder] = landlockOptions({ truncate: true, ...places });
    expect(file).toBe('--landlock-rule=path-beneath:write-file,truncate:/dev/null');
    expect(folder).toMatch(/^--landlock-rule=path-beneath:write-file,truncate,.*refer:\/workspace$/);
    expect(folder).not.toMatch(/make-(char|block)/);
  });

  test('ask an older kernel for no right that it does not know', () => {
    expect(landlockOptions({ truncate: false, ...places }).join(' ')).not.toContain('truncate');
  });

  test('are none where the kernel has no Landlock', () => {
    expect(landlockOptions(null)).toEqual([]);
    expect(landlockOptions(undefined)).toEqual([]);
  });
});
