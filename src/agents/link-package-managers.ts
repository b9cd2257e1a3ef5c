import { join } from 'node:path';
import { deadLinks, linkIfMissing, namesIn, removeIfAny } from '../host/home-files.ts';

/** Where the image has what `toolbox/fill-corepack` fetched. */
const shipped = '/usr/local/share/corepack/v1';
/** Versions of one package manager: more than anybody keeps. */
const most = 1000;

/**
 * Lets corepack find the pnpm and Yarn of the image in the home, where it keeps those that it fetches itself: it looks
 * in one folder alone, and must be able to write there. A link to what another image had would keep it from fetching that.
 */
export function linkPackageManagers(home: string, image = shipped): void {
  const kept = join(home, '.cache/node/corepack/v1');
  for (const manager of namesIn(image, most)) {
    for (const dead of deadLinks(join(kept, manager), image, most)) removeIfAny(dead);
    for (const version of namesIn(join(image, manager), most))
      linkIfMissing(join(kept, manager, version), join(image, manager, version));
  }
}
