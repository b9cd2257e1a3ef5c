import { dirname, join, relative } from 'node:path';
import { Paths } from '../../core/paths.ts';
import { printable } from '../../core/printable.ts';
import { exists, listNames, readText, readTextIfSmall, realPathOf } from '../../host/agent-files.ts';
import type { ShortHost } from '../../host/host.ts';
import { workspaceAsBooted } from '../../state/workspace-as-booted.ts';
import {
  type Formatter,
  type Formatters,
  isFor,
  isKeptOut,
  type Marker,
  parseEdited,
  parseFormatters,
  renderFormatted,
} from '../formatters.ts';
import { globPattern } from '../glob.ts';

/** Where lists and programs are, and what may be formatted; tests have places of their own. */
export interface FormatPlaces {
  readonly list: string;
  readonly folder: string;
  readonly workspace: string;
  /** Programs of the image alone: what the agent installed is not the operator's word. */
  readonly programs: readonly string[];
}

const image: Omit<FormatPlaces, 'workspace'> = {
  list: '/etc/cloister/formatters.conf',
  folder: '/etc/cloister/formatters.d',
  programs: ['/usr/local/bin', '/usr/bin', '/bin'],
};
/** Bytes of a file or marker that is looked at. */
const mostRead = 1024 ** 2;
/** Milliseconds a formatter has. */
const patience = 10_000;

/** Formats what the model has just written, by the operator's list, and tells it where its text was changed. */
export async function format(host: ShortHost, input: string, places = placesOf(host)): Promise<string> {
  const edited = parseEdited(input);
  const file = edited === null ? null : insideWorkspace(edited, places.workspace);
  if (file === null) return '';
  const { formatters, faults } = readLists(places);
  const chosen = chooseFormatter(formatters, file, places);
  const context = chosen === null ? null : await runOn(host, chosen, file);
  return renderFormatted({ context, faults });
}

function placesOf(host: ShortHost): FormatPlaces {
  return { ...image, workspace: workspaceAsBooted(host) };
}

/** @returns the file itself, past every link, or null where it is not the project's text. */
function insideWorkspace(path: string, workspace: string): string | null {
  try {
    const [file, root] = [realPathOf(path), realPathOf(workspace)];
    const below = relative(root, file);
    const isInside = below !== '' && !below.startsWith('..') && !isKeptOut(below);
    return isInside && readTextIfSmall(file, mostRead) !== null ? file : null;
  } catch {
    return null;
  }
}

function readLists({ list, folder }: FormatPlaces): Formatters {
  const names = exists(folder) ? listNames(folder).filter((name) => name.endsWith('.conf')) : [];
  const files = [...names.sort().map((name) => join(folder, name)), list].filter((path) => exists(path));
  const parsed = files.map((path) => parseFormatters(readText(path), path));
  return {
    formatters: parsed.flatMap(({ formatters }) => formatters),
    faults: parsed.flatMap(({ faults }) => faults),
  };
}

/** @returns the first formatter for the file that is installed and asked for; null where it is to be left alone. */
function chooseFormatter(
  formatters: readonly Formatter[],
  file: string,
  { workspace, programs }: FormatPlaces,
): string[] | null {
  const path = relative(realPathOf(workspace), file);
  for (const formatter of formatters) {
    if (!isFor(formatter, path)) continue;
    const [program, ...args] = formatter.command;
    if (program === undefined) return null;
    const found = program.startsWith('/') ? [program] : programs.map((folder) => join(folder, program));
    const installed = found.find((one) => exists(one));
    if (installed !== undefined && isAskedFor(formatter.markers, file, workspace))
      return [installed, ...args];
  }
  return null;
}

function isAskedFor(markers: readonly Marker[], file: string, workspace: string): boolean {
  if (markers.length === 0) return true;
  const root = realPathOf(workspace);
  for (let folder = dirname(file); folder.startsWith(root); folder = dirname(folder)) {
    const names = listNames(folder);
    if (markers.some((marker) => names.some((name) => isMarker(marker, folder, name)))) return true;
  }
  return false;
}

function isMarker(marker: Marker, folder: string, name: string): boolean {
  if (!globPattern(marker.name).test(name)) return false;
  return (
    marker.text === null || (readTextIfSmall(join(folder, name), mostRead)?.includes(marker.text) ?? false)
  );
}

async function runOn(host: ShortHost, command: readonly string[], file: string): Promise<string | null> {
  const before = readTextIfSmall(file, mostRead);
  const [program = ''] = command;
  const name = program.slice(program.lastIndexOf('/') + 1);
  const shown = JSON.stringify(printable(file));
  try {
    const env = { HOME: Paths.home, PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8' };
    await host.run({ argv: [...command, file], env, cwd: dirname(file), timeout: patience });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return `${name} could not format ${shown}: ${printable(why).slice(0, 500)}`;
  }
  if (readTextIfSmall(file, mostRead) === before) return null;
  return `${name} formatted ${shown}: it is no longer what you wrote. Read it again before you edit it.`;
}
