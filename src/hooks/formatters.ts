import { globPattern } from './glob.ts';

/** One line of `formatters.conf`. */
export interface Formatter {
  readonly pattern: string;
  /** The program's name or absolute path, then its arguments; the file comes behind them. Empty: leave it alone. */
  readonly command: readonly string[];
  /** It is used only below a folder that holds one of these; none: everywhere. */
  readonly markers: readonly Marker[];
}

/** A file that a project keeps, `*` standing for anything; where there is a text, the file has to hold it. */
export interface Marker {
  readonly name: string;
  readonly text: string | null;
}

export interface Formatters {
  readonly formatters: readonly Formatter[];
  /** One sentence each, with file and line. */
  readonly faults: readonly string[];
}

/**
 * Parses `PATTERN COMMAND… [if MARKER…]`, a formatter a line; `#` starts a comment, `none` for a command leaves such
 * files alone. A pattern without a slash is matched against the file's name, one with a slash against its path.
 */
export function parseFormatters(text: string, file: string): Formatters {
  const formatters: Formatter[] = [];
  const faults: string[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const [pattern, ...rest] = line.replace(/(^|\s)#.*$/, '').match(/\S+/g) ?? [];
    if (pattern === undefined) continue;
    const parsed = parseLine(pattern, rest);
    if (typeof parsed === 'string') faults.push(`${file}:${index + 1}: ${parsed}`);
    else formatters.push(parsed);
  }
  return { formatters, faults };
}

/** @param path below the workspace, without a leading slash.  @returns whether the formatter is for this file. */
export function isFor({ pattern }: Formatter, path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return globPattern(pattern).test(pattern.includes('/') ? path : name);
}

/** @returns the path of a tool call that left a file behind, or null for any other event. */
export function parseEdited(text: string): string | null {
  try {
    const value = JSON.parse(text) as Record<string, unknown> | null;
    if (value?.hook_event_name !== 'PostToolUse') return null;
    const path = (value.tool_input as { file_path?: unknown } | null | undefined)?.file_path;
    return typeof path === 'string' && path.startsWith('/') && !path.includes('\0') ? path : null;
  } catch {
    return null;
  }
}

/** Places that are not the project's own text. */
export function isKeptOut(path: string): boolean {
  return path.split('/').some((part) => part === '.git' || part === 'node_modules' || part === '.venv');
}

/** Renders the answer to Claude Code: context for the model, and faults of the list for the operator. */
export function renderFormatted(said: { context: string | null; faults: readonly string[] }): string {
  const { context, faults } = said;
  if (context === null && faults.length === 0) return '';
  return JSON.stringify({
    ...(faults.length === 0 ? {} : { systemMessage: faults.slice(0, 3).join('\n') }),
    ...(context === null
      ? {}
      : { hookSpecificOutput: { hookEventName: 'PostToolUse', additionalContext: context } }),
  });
}

function parseLine(pattern: string, rest: readonly string[]): Formatter | string {
  const at = rest.indexOf('if');
  const command = at === -1 ? rest : rest.slice(0, at);
  const markers = at === -1 ? [] : rest.slice(at + 1);
  if (command.length === 0) return `"${pattern}" has no command; write "none" to leave such files alone`;
  if (at !== -1 && markers.length === 0) return '"if" wants the name of a file that the project keeps';
  const [program = ''] = command;
  if (!/^(\/[\w./+-]+|[\w.+-]+)$/.test(program)) return `"${program}" is no program's name or path`;
  return { pattern, command: program === 'none' ? [] : command, markers: markers.map(parseMarker) };
}

function parseMarker(marker: string): Marker {
  const at = marker.indexOf(':');
  return at === -1 ? { name: marker, text: null } : { name: marker.slice(0, at), text: marker.slice(at + 1) };
}
