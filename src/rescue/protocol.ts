/**
 * What init asks of the rescue program, which runs as the agent, and what it answers: one JSON text each way. Names
 * of files and references are octets, one to a character, for git's need be no UTF-8.
 */
export type Order = SaveOrder | RestoreOrder;

interface OrderBase {
  /** The working tree. */
  readonly folder: string;
  readonly url: string;
  /** Whether a credential is to be offered to that URL's host. */
  readonly credential: boolean;
  readonly box: string;
  /** Hexadecimal; the first one signs first, any of them is believed. */
  readonly keys: readonly string[];
  /** The machine's uptime, in milliseconds, by which it has to be done. */
  readonly deadline: number;
  readonly author: { readonly name: string; readonly email: string };
}

export interface SaveOrder extends OrderBase {
  readonly kind: 'save';
  /** Below `refs/cloister/BOX/`; see `places.ts`. */
  readonly place: string;
  /** Other places of this box that what is saved now takes the place of. */
  readonly former: readonly string[];
  /** Manifests that may be written over: this box's own. Null: whatever stands in its place. */
  readonly mine: readonly string[] | null;
  /** The place to take where another one stands there: of a box that has the same name and works at the same time. */
  readonly beside: string;
  /** Null: all into a private repository, tracked files alone into any other. */
  readonly scope: 'tracked' | 'all' | null;
  /** Bytes that may be pushed. */
  readonly most: number;
  /** Texts that leave in no file. */
  readonly secrets: readonly string[];
  /** What the state last saved looked like; null where none was. */
  readonly last: string | null;
  /** The branch or tag a clone comes up with; null for the repository's own. */
  readonly ref: string | null;
  /**
   * At the stop: from when the box is, in milliseconds since the epoch. What the agent has put in memory since then dies
   * with the box, and may make room. Null: the agent needs it yet.
   */
  readonly ending: number | null;
}

export interface RestoreOrder extends OrderBase {
  readonly kind: 'restore';
  /** Where the working tree will stand: it is put back in a draft, and its linked ones name it. */
  readonly target: string;
  /** This operator's own, which is looked at however many there are. */
  readonly place: string;
}

/** Why something stays behind. */
export const whys = [
  ...([
    'untracked',
    'name',
    'content',
    'size',
    'nested',
    'special',
    'changed',
    'unreadable',
    'deep',
    'workflow',
    'limit',
    'scan',
    'rule',
  ] as const),
];
export type Why = (typeof whys)[number];

export interface LeftOut {
  readonly path: string;
  readonly why: Why;
  /** So many more stay behind for the same reason, and are not named. */
  readonly more?: number;
}

export interface Pushed {
  readonly kind: 'pushed';
  readonly fingerprint: string;
  /** References and the commits they have to name. */
  readonly refs: Readonly<Record<string, string>>;
  readonly branch: string | null;
  /** Commits no branch of the remote has. */
  readonly commits: number;
  readonly files: number;
  readonly bytes: number;
  readonly leftOut: readonly LeftOut[];
  /** Whole sentences about what could not be saved as it is. */
  readonly notes: readonly string[];
  /** Some of the work could not be read, or the remote does not take it, and is not saved. */
  readonly partial: boolean;
  /** What the remote said of what it does not take; empty where it took all. */
  readonly refusal: string;
}

export type SaveReport =
  | Pushed
  | { readonly kind: 'unchanged' }
  /** There is nothing that a fresh clone would not have. */
  | { readonly kind: 'nothing'; readonly fingerprint: string; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

export type RestoreReport =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'restored';
      readonly place: string;
      /** The commit that was found there. */
      readonly manifest: string;
      /** Milliseconds since the epoch at which it was saved. */
      readonly time: number;
      readonly branch: string | null;
      readonly files: number;
      readonly notes: readonly string[];
      /** Some of it is not back, and may be wanted yet. */
      readonly partial: boolean;
    }
  /** Something stands there, and it is not provably this operator's. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };
