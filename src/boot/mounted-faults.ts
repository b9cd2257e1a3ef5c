import type { BootError } from '../core/errors.ts';
import { Paths } from '../core/paths.ts';
import type { Files } from '../host/host.ts';
import { readMounted } from '../host/mounted-file.ts';
import { readMounts } from '../host/proc/mountinfo.ts';
import type { Fault } from '../settings/fault.ts';

/** What says where the agent may go, for this boot and for whoever has it read again. */
const lists = [Paths.domains, Paths.domainsFolder, Paths.sets, Paths.setsFolder];
/** Files of one folder that are looked at. */
const mostFiles = 1000;

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

/** @returns a fault for each of the lists mounted such that another user than root can write it: the agent's may be his. */
export function findWritableLists(files: Pick<Files, 'read' | 'facts' | 'list'>): Fault[] {
  const writable = readMounts(files).filter(
    ({ point, own }) => !own.includes('ro') && lists.some((path) => `${point}/`.startsWith(`${path}/`)),
  );
  return writable.flatMap(({ point }) => {
    const paths = [point, ...files.list(point, mostFiles).map((name) => `${point}/${name}`)];
    const open = paths.find((path) => isOthers(files, path));
    if (open === undefined) return [];
    const fault = 'can be written by others than root, and the agent would allow itself what it likes';
    return [{ variable: open, fault, remedy: `Mount ${point} read-only (:ro).` }];
  });
}

function isOthers(files: Pick<Files, 'facts'>, path: string): boolean {
  const facts = files.facts(path);
  return facts !== null && facts.kind !== 'link' && (facts.uid !== 0 || (facts.mode & 0o022) !== 0);
}
