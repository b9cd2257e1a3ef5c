import {
  closeSync,
  constants,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  type Stats,
  statSync,
  unlinkSync,
} from 'node:fs';

/** What the self-test tries, as the agent: each throws the kernel's error where it is refused. */
export const fileAttempts = {
  /** @returns how many octets there were. */
  read: (path: string): number => readFileSync(path).length,
  list: (path: string): string[] => readdirSync(path),
  readLink: (path: string): string => readlinkSync(path),
  openToWrite: (path: string): void => closeSync(openSync(path, constants.O_WRONLY)),
  openToReadAndWrite: (path: string): void => closeSync(openSync(path, constants.O_RDWR)),
  createAndRemove: (path: string): void => {
    closeSync(openSync(path, constants.O_WRONLY | constants.O_CREAT));
    unlinkSync(path);
  },
};

/** @returns what a path leads to, past every link; undefined where there is nothing. */
export function factsPastLinks(path: string): Pick<Stats, 'uid' | 'mode'> | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

/** @returns the paths of what is in these folders, each folder once whatever its names. */
export function pathsIn(folders: readonly string[]): string[] {
  return [...new Set(folders.map((folder) => realpathSync(folder)))].flatMap((folder) =>
    readdirSync(folder).map((name) => `${folder}/${name}`),
  );
}
