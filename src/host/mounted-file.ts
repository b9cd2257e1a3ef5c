import { BootError } from '../core/errors.ts';
import { ExitCode } from '../core/exit-codes.ts';
import type { Files } from './host.ts';

/** Bytes of a file of the system's that is still one. */
const mostRead = 4 * 1024 ** 2;

/**
 * Reads a file of the image's that the operator or the engine may have mounted another in place of.
 * @returns null where there is none. Throws what ends the boot for anything but a regular file of sane size.
 */
export function readMounted(files: Pick<Files, 'readBounded'>, path: string): string | null {
  try {
    return files.readBounded(path, mostRead);
  } catch (cause) {
    const { code = 'unreadable' } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    throw new BootError({
      message: `${path} can't be read (${code})`,
      remedy: 'Mount a file there, or leave the mount out.',
      code: ExitCode.settings,
    });
  }
}
