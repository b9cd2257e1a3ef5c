/** What a box says of itself at one moment, and what is so. */
export interface Look {
  /** Milliseconds since the epoch, of the machine. */
  readonly at: number;
  /** Milliseconds until `status` had answered, the engine's own time not counted. */
  readonly took: number;
  /** Milliseconds that a program which does nothing took right after it. */
  readonly empty: number;
  readonly status: StatusSeen | null;
  readonly health: HealthSeen | null;
  /** What is wrong with the world, each with the service it is about first; nothing where all is well. */
  readonly wrong: readonly string[];
  /** Why there was no look at all, in the engine's words; null where there was one. */
  readonly failed: string | null;
}

/** The part of `cloister status --json` that is compared. */
export interface StatusSeen {
  readonly session: { readonly running: boolean; readonly restarts: number };
  readonly resolver: { readonly running: boolean };
  readonly unanswered: Readonly<Record<string, string>>;
  readonly children: Readonly<Record<string, { readonly failing: boolean } | undefined>>;
  readonly rescue: { readonly outcome: string | null; readonly said: string };
}

export interface HealthSeen {
  readonly status: 'healthy' | 'degraded' | 'unhealthy' | 'starting';
  readonly reasons: readonly string[];
}

/** @param text what inside/look.sh prints. */
export function parseLook(at: number, text: string, complaint: string): Look {
  const lines = text.split('\n');
  const after = (word: string) =>
    lines.find((line) => line.startsWith(`${word} `))?.slice(word.length + 1) ?? '';
  const [took = '', code = '', ...answer] = after('status').split(' ');
  return {
    at,
    took: Number(took),
    empty: Number(after('empty')),
    status: code === '0' ? parseJson<StatusSeen>(answer.join(' ')) : null,
    health: parseJson<HealthSeen>(after('health')),
    wrong: lines.filter((line) => line.startsWith('wrong ')).map((line) => line.slice('wrong '.length)),
    failed: lines.includes('over') ? null : `${text.slice(-200)} ${complaint}`.trim(),
  };
}

function parseJson<T>(text: string): T | null {
  try {
    return JSON.parse(text) as T;
  } catch {
    return null;
  }
}
