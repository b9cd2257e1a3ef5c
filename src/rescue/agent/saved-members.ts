import type { Member } from '../member.ts';
import type { LeftOut } from '../protocol.ts';

/** What was made of the members, to stand in the commit that holds the rest. */
export interface SavedMembers {
  readonly members: readonly Member[];
  /** Commits that are to be kept beside the others. */
  readonly tips: readonly string[];
  /** Files by the path they are to have there. */
  readonly packs: ReadonlyMap<string, string>;
  readonly notes: readonly string[];
  readonly leftOut: readonly LeftOut[];
  readonly paths: readonly string[];
  readonly files: number;
  readonly bytes: number;
  /** There is one that could not be read, or not in time. */
  readonly isBroken: boolean;
}

export const noneSaved: SavedMembers = {
  ...{
    members: [],
    tips: [],
    packs: new Map(),
    notes: [],
    leftOut: [],
    paths: [],
    files: 0,
    bytes: 0,
    isBroken: false,
  },
};
