/** One place that the agent writes to: bytes, and how many files. */
export interface Place {
  readonly path: string;
  readonly inMemory: boolean;
  readonly size: number;
  readonly used: number;
  readonly inodes: number;
  readonly inodesUsed: number;
}

/** What the box has for the agent. */
export interface RoomFacts {
  readonly places: readonly Place[];
  readonly processors: number;
  /** Bytes, of all its programs and of what is in memory. */
  readonly memory: number | null;
  readonly processes: number | null;
}

/** Shares at which a place is told of, each once until it has become emptier. */
const levels = [0.98, 0.9];
/** What a program that gets no thread or process any more says, in the words of most languages. */
const noThread =
  /Resource temporarily unavailable|can't start new thread|unable to create (native )?thread|pthread_create failed|Cannot fork|fork: retry|failed to spawn thread|uv_thread_create/i;

/** @returns what a session is told of its room at its start. */
export function describeRoom({ places, processors, memory, processes }: RoomFacts): string {
  const described = places.map(
    ({ path, inMemory, size, inodes }) =>
      `${path} ${rendered(size)}${inodes > 0 ? `, ${inodes} files` : ''}${inMemory ? ' (in memory)' : ''}`,
  );
  const limits = [
    ...(memory === null ? [] : [`${rendered(memory)} of memory for your programs and all that is in memory`]),
    ...(processes === null ? [] : [`${processes} processes and threads at once`]),
    `${processors} ${processors === 1 ? 'processor' : 'processors'}`,
  ];
  return `The room of this box: ${described.join('; ')}. ${limits.join('; ')}. You are told when one of them runs short.`;
}

/**
 * @param told how full each place was when the session was told of it last, by path.
 * @returns a line for each place that has become fuller than that, and what to remember.
 */
export function chooseShort(
  places: readonly Place[],
  told: Readonly<Record<string, number>>,
): { lines: string[]; told: Record<string, number> } {
  const lines: string[] = [];
  const now: Record<string, number> = {};
  for (const place of places) {
    const level = levels.find((least) => shareOf(place) >= least);
    if (level === undefined) continue;
    now[place.path] = level;
    if (level > (told[place.path] ?? 0)) lines.push(describeShort(place));
  }
  return { lines, told: now };
}

/** @param output of a tool.  @returns what to tell where a program got no process or thread, or null. */
export function describeNoThread(output: string, processes: number | null): string | null {
  if (processes === null || !noThread.test(output)) return null;
  return `a program got no new process or thread: all of yours together may have ${processes} at once. Start fewer workers (-j, -n, OMP_NUM_THREADS=1, OPENBLAS_NUM_THREADS=1), and end what is left of earlier ones; an operator would raise AGENT_PROCESSES`;
}

function describeShort(place: Place): string {
  const { path, size, used, inodes, inodesUsed } = place;
  const files = inodes > 0 && inodesUsed / inodes >= (size === 0 ? 0 : used / size);
  const left = files
    ? `${inodes - inodesUsed} of ${inodes} files are left`
    : `${rendered(size - used)} of ${rendered(size)} are left`;
  return `${path} is ${Math.floor(shareOf(place) * 100)} % full (${left}): look with du -xd2 ${path}, and delete what is not needed; an operator would give it more`;
}

function shareOf({ size, used, inodes, inodesUsed }: Place): number {
  return Math.max(size === 0 ? 0 : used / size, inodes === 0 ? 0 : inodesUsed / inodes);
}

function rendered(bytes: number): string {
  const GB = 1024 ** 3;
  return bytes >= GB ? `${Math.round((bytes / GB) * 10) / 10} GB` : `${Math.floor(bytes / 1024 ** 2)} MB`;
}
