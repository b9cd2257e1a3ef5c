// Writes the tables that code knows into the documents, between `<!-- table: NAME -->` and `<!-- end -->`.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { runFiles } from '../src/core/reference.ts';
import { childrenReference } from '../src/init/reference.ts';
import { type Policy, policies } from '../src/init/respawn-policies.ts';
import { parseRuleSet } from '../src/policy/parse-rule-set.ts';
import { settingsReference } from '../src/settings/reference.ts';
import { stepsReference } from '../src/state/reference.ts';
import { order } from '../test/unit/house/rooms.ts';

/** The documents with tables, and which each has. */
export const placed: Readonly<Record<string, readonly string[]>> = {
  'README.md': ['settings'],
  'docs/architecture.md': ['steps', 'rooms', 'children', 'files'],
  'docs/network.md': ['sets'],
  'docs/operations.md': ['events'],
};

/** From the ground up, the four of the network after it. */
const rooms = order
  .filter((room) => room !== 'main')
  .flatMap((room) => (room === 'network' ? [room, ...roomsOfNetwork()] : [room]));

const code = (text: string) => `\`${text}\``;

const tables: Readonly<Record<string, () => string>> = {
  settings: () =>
    table(
      ['variable', 'default', 'meaning'],
      Object.entries(settingsReference).map(([name, { byDefault, meaning }]) => [
        code(name),
        byDefault,
        meaning,
      ]),
    ),
  steps: () =>
    table(
      ['step', 'by', 'what is true afterwards', 'may end with'],
      stepsReference.map(({ step, by, what, codes }) => [code(step), by, what, codes]),
    ),
  rooms: () =>
    table(
      ['room', 'run by', 'holds'],
      rooms.map((room) => {
        const page = readFileSync(`src/${room}/README.md`, 'utf8');
        const line = (label: string) => new RegExp(`^- ${label}: (.*)\\.$`, 'm').exec(page)?.[1] ?? '';
        return [`[${code(room)}](../src/${room}/README.md)`, line('Run by'), line('Holds')];
      }),
    ),
  children: () =>
    table(
      ['child', 'what', 'is started again', 'is failing', 'the box meanwhile'],
      childrenReference.map(({ child, what, meanwhile }) => [
        code(child),
        what,
        ...(child === 'agent' ? respawnOfAgent() : respawnOf(policies[child])),
        meanwhile,
      ]),
    ),
  files: () =>
    table(
      ['path', 'owner', 'mode', 'what'],
      runFiles.map(({ path, owner, mode, what }) => [
        code(path.slice('/run/cloister/'.length)),
        owner,
        mode,
        what,
      ]),
    ),
  sets: () =>
    table(
      ['set', 'for', 'on the list', 'rules', 'of them (*)'],
      readSetFiles().map(({ name, about, entries, isListed }) => [
        `[${code(`@${name}`)}](../network/sets/${name}.conf)`,
        about,
        isListed ? 'yes' : 'on request',
        String(entries.length),
        String(entries.filter(({ isShared }) => isShared).length),
      ]),
    ),
  events: () => table(['event', 'level', 'when', 'fields'], readLogEvents().map(rowOfEvent)),
};

/** The sets of the image, those on its list first, as it names them. */
function readSetFiles() {
  const list = [...readFileSync('network/domains.conf', 'utf8').matchAll(/^@([a-z0-9-]+)/gm)].map(
    ([, name]) => name,
  );
  const names = readdirSync('network/sets').map((file) => file.replace(/\.conf$/, ''));
  const listed = list.filter((name) => name !== undefined);
  return [...listed, ...names.filter((name) => !listed.includes(name)).sort()].map((name) => {
    const source = `network/sets/${name}.conf`;
    const { set } = parseRuleSet(readFileSync(source, 'utf8'), { name, source });
    return { ...set, isListed: listed.includes(name) };
  });
}

export interface LogEvent {
  readonly event: string;
  readonly levels: readonly string[];
  readonly when: string;
  readonly fields: readonly { readonly name: string; readonly meaning: string }[];
}

/** Parses the table of all events: a line each, its parts between bars. */
export function readLogEvents(): LogEvent[] {
  const lines = readFileSync('src/core/log-events.txt', 'utf8').trimEnd().split('\n');
  return lines
    .filter((line) => !line.startsWith('#'))
    .map((line) => {
      const [event = '', levels = '', when = '', fields = ''] = line.split(' | ');
      return { event, levels: levels.split(', '), when, fields: fields.split('; ').map(fieldOf) };
    });
}

function fieldOf(text: string): LogEvent['fields'][number] {
  const [name = '', meaning = ''] = text.split(': ');
  return { name, meaning };
}

function rowOfEvent({ event, levels, when, fields }: LogEvent): string[] {
  const said = fields.map(({ name, meaning }) => (name === '…' ? meaning : `${code(name)} ${meaning}`));
  return [code(event), levels.join(', '), when, said.join('; ')];
}

function roomsOfNetwork(): string[] {
  const inner = readdirSync('src/network', { withFileTypes: true, recursive: true });
  const folders = inner.filter((entry) => entry.isDirectory());
  return folders.map(({ name, parentPath }) => `${parentPath}/${name}`.slice('src/'.length)).toSorted();
}

function respawnOf({ pause, longest, settled, failing }: Policy): string[] {
  return [
    `after ${pause} ms, doubled up to ${longest / 1000} s; from the start again once it lived ${settled / 1000} s`,
    `${failing.ends} ends in a row within ${failing.within / 1000} s`,
  ];
}

/** Its figures are those of the shell script that runs in the pane. */
function respawnOfAgent(): string[] {
  const script = readFileSync('rootfs/usr/local/libexec/cloister/agent', 'utf8');
  const figures = /^settled=(\d+) quick_limit=(\d+) window=(\d+) window_limit=(\d+)$/m.exec(script);
  if (figures === null) throw new Error('the script agent does not say when it gives up');
  const [, settled, quick, window, most] = figures;
  return [
    'by its pane at once, in the same conversation',
    `${quick} ends in a row within ${settled} s each, or ${most} in ${Number(window) / 60} minutes: down until Enter`,
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`.replaceAll(/\| {2}(?=\|)/g, '| ');
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

/** @returns the text of a document with its tables as the code has them now. */
export function fillTables(text: string): string {
  return text.replaceAll(
    /(<!-- table: (\w+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, begin: string, name: string, end: string) => {
      const render = tables[name];
      if (render === undefined) throw new Error(`there is no table ${name}`);
      return `${begin}${render()}\n${end}`;
    },
  );
}

if (import.meta.main) {
  for (const path of Object.keys(placed)) writeFileSync(path, fillTables(readFileSync(path, 'utf8')));
}
