import { makeFolder, makeLink } from '../../host/agent-file-changes.ts';
import { targetOf } from '../../host/agent-file-facts.ts';
import { entriesOf, readSmall } from '../../host/agent-files.ts';
import type { LeftOut } from '../protocol.ts';
import { resolveIn } from './git-folder.ts';

const mostStores = 10;

/**
 * Shows git the agent's objects without what could hold it or lead it astray: a folder of links to plain files, and to
 * folders that hold nothing else. What only makes git faster is not in it; what they borrow from is followed by us.
 * @returns the folders to look for objects in, and what was set aside.
 */
export function showObjects(objects: string, into: string): { stores: string[]; odd: LeftOut[] } {
  const seen = new Set<string>();
  const stores: string[] = [];
  const odd: LeftOut[] = [];
  for (const waiting = [objects]; waiting.length > 0 && stores.length < mostStores; ) {
    const store = waiting.shift() ?? '';
    const stat = targetOf(store);
    const key = `${stat?.dev} ${stat?.ino}`;
    if (stat?.isDirectory() !== true || seen.has(key)) continue;
    seen.add(key);
    const view = `${into}/${stores.length}`;
    odd.push(...showStore(store, view));
    stores.push(view);
    const borrowed = readSmall(`${store}/info/alternates`, 100_000)?.toString('latin1') ?? '';
    waiting.push(...linesOf(borrowed).map((line) => resolveIn(store, line)));
  }
  return { stores, odd };
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

function showStore(store: string, view: string): LeftOut[] {
  const odd: LeftOut[] = [];
  makeFolder(`${view}/pack`);
  const link = (path: string) => makeLink(`${store}/${path}`, `${view}/${path}`);
  for (const { name } of entriesOf(store)) {
    const folder = name.toString('latin1');
    const isLoose = /^[0-9a-f]{2}$/.test(folder);
    if (!isLoose && folder !== 'pack') continue;
    const all = entriesOf(`${store}/${folder}`).map((entry) => ({
      entry,
      path: `${folder}/${entry.name.toString('latin1')}`,
    }));
    const plain = all.filter(
      ({ entry, path }) => entry.isFile() || targetOf(`${store}/${path}`)?.isFile() === true,
    );
    const strange = plain.length === all.length ? [] : all.filter((one) => !plain.includes(one));
    odd.push(...strange.map(({ path }): LeftOut => ({ path: `.git/objects/${path}`, why: 'special' })));
    if (isLoose && strange.length === 0) {
      link(folder);
      continue;
    }
    makeFolder(`${view}/${folder}`);
    for (const { path } of plain) if (isLoose || /\.(pack|idx|rev|mtimes|promisor)$/.test(path)) link(path);
  }
  return odd;
}
