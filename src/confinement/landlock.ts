/** What Landlock lets a confined process write: nothing else, whoever owns it. See landlock(7). */
export interface Landlock {
  /** The kernel tells truncating from writing; before Linux 6.2 it does not. */
  readonly truncate: boolean;
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

const onFile = ['write-file'];
const inFolder = [
  ...['remove-dir', 'remove-file', 'make-dir', 'make-reg', 'make-sock', 'make-fifo', 'make-sym'],
  // Without it nothing could be renamed or linked from one folder into another.
  'refer',
];
/** Device nodes are made nowhere, not even the empty ones that need no capability. */
const nowhere = ['make-char', 'make-block'];

/**
 * Renders the options of setpriv(1) that put a program into a Landlock domain. Reading and running stay free: file
 * modes judge them. A domain also keeps its processes from looking into those outside: their memory, their
 * environment, their descriptors. Signals and abstract sockets are not scoped.
 * @returns no option where the kernel has no Landlock.
 */
export function landlockOptions(landlock: Landlock | null | undefined): string[] {
  if (landlock === null || landlock === undefined) return [];
  const writing = [...onFile, ...(landlock.truncate ? ['truncate'] : [])];
  const rule = (rights: readonly string[]) => (path: string) =>
    `--landlock-rule=path-beneath:${rights.join(',')}:${path}`;
  return [
    `--landlock-access=fs:${[...writing, ...inFolder, ...nowhere].join(',')}`,
    ...landlock.files.map(rule(writing)),
    ...landlock.folders.map(rule([...writing, ...inFolder])),
  ];
}
