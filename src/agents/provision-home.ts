import { join } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import {
  copyIfMissing,
  draftOf,
  ensureOwnFolder,
  isFull,
  isPlain,
  openRoom,
  readIfAny,
  relink,
  removeIfAny,
  replace,
  setAsideIfAny,
} from '../host/home-files.ts';
import type { Host } from '../host/host.ts';
import { linkPackageManagers } from './link-package-managers.ts';
import {
  type HomePlan,
  isSettled,
  mergeClaudeState,
  renderGhHosts,
  renderShortage,
  type Shortage,
} from './protocol.ts';

/**
 * Writes into the agent's home, as the agent: root never follows a path the agent can change. Takes a HomePlan
 * as JSON on stdin, and says on stdout what a full disk has kept it from.
 */
export async function provisionHome(
  host: Pick<Host, 'print'>,
  stdin: NodeJS.ReadableStream,
): Promise<number> {
  const plan = JSON.parse(await readAll(stdin)) as HomePlan;
  const { home, claudeFolder, claudeLink, rooms, folders, githubToken } = plan;
  const without = (lack: Shortage['lack'], path: string, work: () => void) => {
    try {
      work();
    } catch (error) {
      if (!isFull(error)) throw error;
      host.print(renderShortage({ lack, path }));
    }
  };
  for (const room of rooms) openRoom(room);
  for (const folder of folders) without('needed', folder, () => ensureOwnFolder(folder));
  if (claudeLink !== null) without('needed', claudeFolder, () => relink(claudeFolder, claudeLink));
  without('spared', home, () => {
    for (const name of ['.bashrc', '.profile', '.bash_logout'])
      copyIfMissing(join('/etc/skel', name), join(home, name));
    relink(join(home, '.local/bin/claude'), '/usr/local/bin/claude');
    linkPackageManagers(home);
  });
  // A copy of the account's policy, which Claude Code would believe where it can't ask for a new one.
  setAsideIfAny(join(claudeFolder, 'remote-settings.json'));
  const state = join(claudeFolder, '.claude.json');
  const text = readIfAny(state);
  if (!isPlain(state) || !isSettled(text, plan))
    without('needed', claudeLink ?? claudeFolder, () => replace(state, mergeClaudeState(text, plan)));
  const hosts = join(home, '.config/gh/hosts.yml');
  without('spared', home, () => {
    if (githubToken !== null) return replace(hosts, renderGhHosts(githubToken));
    // The token of an earlier boot, on a home that outlives the box.
    for (const path of [hosts, draftOf(hosts)]) removeIfAny(path);
  });
  return 0;
}
