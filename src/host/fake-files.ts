import type { FileFacts, Files } from './host.ts';
import { tooLarge, UnreadableError } from './read-bounded.ts';

export interface FakeFile extends FileFacts {
  readonly text: string;
}

/** Files in memory: a path is there when somebody wrote it or the test put it there. */
export class FakeFiles implements Files {
  readonly #files = new Map<string, FakeFile>();
  readonly #record: (event: string) => void;

  /** @param record hears of every change, as `write /path 640`. */
  constructor(record: (event: string) => void) {
    this.#record = record;
  }

  /** Puts a file there as the platform would, unrecorded; with null, takes it away. */
  put(path: string, text: string | null, facts: Partial<FileFacts> = {}): void {
    if (text === null) this.#files.delete(path);
    else this.#files.set(path, { text, uid: 0, gid: 0, mode: 0o644, kind: 'file', ...facts });
  }

  putFolder(path: string, facts: Partial<FileFacts> = {}): void {
    this.put(path, '', { kind: 'folder', mode: 0o755, ...facts });
  }

  at(path: string): FakeFile | null {
    return this.#files.get(path) ?? null;
  }

  get paths(): string[] {
    return [...this.#files.keys()].sort();
  }

  read(path: string): string {
    const file = this.#files.get(path);
    if (file?.kind === 'folder') throw Object.assign(new Error(`EISDIR: ${path}`), { code: 'EISDIR' });
    if (file === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
    return file.text;
  }

  readBounded(path: string, most: number): string {
    const text = this.read(path);
    if (this.#files.get(path)?.kind !== 'file') throw new UnreadableError(path, 'a pipe');
    if (Buffer.byteLength(text) > most) throw tooLarge(path, most);
    return text;
  }

  readIfAny(path: string): string | null {
    const file = this.#files.get(path);
    return file === undefined || file.kind === 'folder' ? null : file.text;
  }

  list(path: string, most?: number): string[] {
    const below = this.paths.filter((other) => other.startsWith(`${path}/`));
    return [...new Set(below.map((other) => other.slice(path.length + 1).split('/')[0] ?? ''))].slice(
      0,
      most,
    );
  }

  write(path: string, text: string, mode: number): void {
    this.#record(`write ${path} ${mode.toString(8)}`);
    this.put(path, text, { mode });
  }

  append(path: string, text: string): void {
    this.put(path, (this.readIfAny(path) ?? '') + text, { mode: 0o600 });
  }

  ensureFolder(path: string, options: { mode: number; uid?: number; gid?: number }): void {
    this.#record(`folder ${path} ${options.mode.toString(8)}`);
    this.putFolder(path, options);
  }

  give(path: string, options: { mode: number; uid: number; gid: number }): void {
    if (this.#files.get(path)?.kind !== 'folder') throw new Error(`ENOTDIR: ${path}`);
    this.#record(`give ${path} ${options.mode.toString(8)} ${options.uid}:${options.gid}`);
    this.putFolder(path, options);
  }

  facts(path: string): FileFacts | null {
    const file = this.#files.get(path.replace(/\/\.$/, ''));
    if (file === undefined) return null;
    const { uid, gid, mode, kind } = file;
    return { uid, gid, mode, kind };
  }

  remove(path: string): void {
    this.#record(`remove ${path}`);
    for (const other of this.paths) {
      if (other === path || other.startsWith(`${path}/`)) this.#files.delete(other);
    }
  }

  space(path: string): { size: number; used: number; inodes: number; inodesUsed: number } {
    if (this.#files.get(path) === undefined) throw new Error(`ENOENT: ${path}`);
    return { size: 512 * 1024 ** 2, used: 1024 ** 2, inodes: 1000, inodesUsed: 3 };
  }
}

/** A dead program's reads still answer, its changes are lost. */
export function mortal(files: FakeFiles, life: { readonly over: boolean }): Files {
  const unless = <T extends readonly unknown[]>(change: (...args: T) => void) => {
    return (...args: T) => void (life.over || change(...args));
  };
  return {
    read: (path) => files.read(path),
    readBounded: (path, most) => files.readBounded(path, most),
    readIfAny: (path) => files.readIfAny(path),
    list: (path, most) => files.list(path, most),
    facts: (path) => files.facts(path),
    space: (path) => files.space(path),
    write: unless((path: string, text: string, mode: number) => files.write(path, text, mode)),
    append: unless((path: string, text: string) => files.append(path, text)),
    ensureFolder: unless((path: string, options: { mode: number }) => files.ensureFolder(path, options)),
    give: unless((path: string, options: { mode: number; uid: number; gid: number }) =>
      files.give(path, options),
    ),
    remove: unless((path: string) => files.remove(path)),
  };
}
