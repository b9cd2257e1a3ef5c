import type { Host } from '../host/host.ts';

/** A file of root's that everybody may read, one entry a line, bounded: when it is full its older half goes. */
export interface Journal {
  append(line: string): void;
}

/** @param most bytes.  A full disk loses lines, never the caller. */
export function makeJournal(host: Host, path: string, most: number): Journal {
  let size: number | null = null;
  return {
    append: (line) => {
      const text = `${line}\n`;
      try {
        if (size === null) host.files.write(path, '', 0o644);
        size ??= 0;
        if (size + text.length > most) size = halve(host, path, most);
        host.files.append(path, text);
        size += text.length;
      } catch {
        // Nothing to do: the log has the event as well.
      }
    },
  };
}

/** Keeps the newest whole lines.  @returns how many bytes are left; every line is ASCII. */
function halve(host: Host, path: string, most: number): number {
  const text = host.files.read(path);
  const kept = text.slice(text.indexOf('\n', Math.max(0, text.length - most / 2)) + 1);
  host.files.write(path, kept, 0o644);
  return kept.length;
}
