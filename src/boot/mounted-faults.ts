import type { BootError } from '../core/errors.ts';
import { Paths } from '../core/paths.ts';
import type { Files } from '../host/host.ts';
import { readMounted } from '../host/mounted-file.ts';
import type { Fault } from '../settings/fault.ts';

/** What later steps read of the system's files: in place of each the operator may have mounted anything. */
const readLater = ['/etc/resolv.conf', '/etc/passwd', '/etc/group', Paths.systemCertificates];

/** @returns a fault for each that is there and is no file. */
export function findMountedFaults(files: Pick<Files, 'readBounded'>): Fault[] {
  return readLater.flatMap((path) => {
    try {
      readMounted(files, path);
      return [];
    } catch (error) {
      const { message, remedy } = error as BootError;
      return [{ variable: path, fault: message.slice(path.length + 1), remedy }];
    }
  });
}
