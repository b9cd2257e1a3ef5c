/** A program to run to its end. `argv[0]` is an absolute path; there is never a shell. */
export interface Command {
  readonly argv: readonly string[];
  /** The whole environment; nothing is inherited. Default: a root-owned PATH and nothing else. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** Written to its stdin in place of `stdin`, as fast as it reads. */
  readonly input?: AsyncIterable<Uint8Array>;
  /** Stdin and stdout are octets, one to a character: a file's name need be no UTF-8. All of stdout is kept. */
  readonly octets?: true;
  /** Takes stdout as it comes, in place of keeping it. */
  readonly onOutput?: (octets: Buffer) => void;
  readonly cwd?: string;
  /** Milliseconds until it is killed. Default 30 000. */
  readonly timeout?: number;
  /** Ends it, with everything it started, when it fires. */
  readonly abort?: AbortSignal;
  /** Takes each line of its stderr as it comes, for progress. */
  readonly onProgress?: (line: string) => void;
}

/** What a program that ended said. `code` is its exit code, or 128+n after signal n. */
export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that lives on. */
export interface Child {
  readonly pid: number;
  /** Ends once: with the exit code, or 128+n after signal n. */
  readonly exited: Promise<number>;
  send(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  /** Signals the child's whole process group. */
  signal(name: NodeJS.Signals): void;
}

export interface ChildSpec {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /**
   * `inherit` shares our terminal or log; `copy` is copied to ours, so that the child never holds it; `ignore` leads
   * to /dev/null; a function takes stderr line by line.
   */
  readonly output: 'inherit' | 'copy' | 'ignore' | ((line: string) => void);
  /** Makes what each stream of `copy` goes through. */
  readonly filter?: () => (octets: Buffer) => Buffer;
  /** `inherit` hands our stdin on. Default: /dev/null. */
  readonly input?: 'inherit';
  /** Descriptors the child gets as 3, 4, … */
  readonly descriptors?: readonly number[];
  /** Opens a message channel to a child that is Node. */
  readonly channel?: boolean;
  /** Shares stdin as well, and our process group: for a relay on our own terminal. */
  readonly foreground?: boolean;
}

export interface FileFacts {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly kind: 'file' | 'folder' | 'link' | 'other';
}

/** Files, for root's own places only: nothing here may follow a path the agent can change. */
export interface Files {
  read(path: string): string;
  /**
   * Reads a regular file of at most so many bytes, at once: for what an operator names. Throws an error with a code
   * where it is anything else.
   */
  readBounded(path: string, most: number): string;
  /** @returns the text, or null where there is no such file or it can't be read. */
  readIfAny(path: string): string | null;
  /** @returns the names in a folder, sorted; of at most so many, whichever come first: there may be millions. */
  list(path: string, most?: number): string[];
  /** Replaces a file in one step: whoever reads sees the old or the new text, whole. */
  write(path: string, text: string, mode: number): void;
  append(path: string, text: string): void;
  /** Makes a folder, or leaves the one that is there, with this mode and owner. */
  ensureFolder(path: string, options: { mode: number; uid?: number; gid?: number }): void;
  /** Changes owner and mode of a folder that is there; never follows a link that stands in its place. */
  give(path: string, options: { uid: number; gid: number; mode: number }): void;
  facts(path: string): FileFacts | null;
  remove(path: string): void;
  /** @returns bytes and inodes of the file system at `path`. */
  space(path: string): { size: number; used: number; inodes: number; inodesUsed: number };
}

/** One datagram of a netlink socket. */
export interface NetlinkAnswer {
  /** The port id of its sender; 0 is the kernel. */
  readonly from: number;
  /** The first 256 octets at most. */
  readonly octets: Buffer;
}

/** The operating system behind one port. The real one is made by `main` alone; tests make a recording fake. */
export interface Host {
  readonly pid: number;
  /** The user this program runs as, 0 for root. */
  readonly uid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly files: Files;
  /** Whether stdin and stdout are one. */
  readonly terminal: boolean;
  /** Whether any of stdin, stdout and stderr is one. */
  readonly anyTerminal: boolean;
  readonly nodeVersion: string;
  /** Milliseconds since the epoch, by a clock that may be set at any moment: for what people read, for nothing else. */
  now(): number;
  /** Milliseconds of a clock that nobody sets, the same in every program of this machine: for how long and until when. */
  uptime(): number;
  sleep(milliseconds: number): Promise<void>;
  /** Calls back again and again until the process ends, without keeping it alive. */
  every(milliseconds: number, callback: () => void): void;
  print(text: string): void;
  /** Prints on stderr: for the log, where stdout is somebody else's answer. */
  printError(text: string): void;
  /** Waits until what was printed has been taken: an exit drops what a full pipe has not. */
  flush(): Promise<void>;
  /** Calls back once nobody reads what is printed any more, as far as that can be told. */
  onDeparture(listener: () => void): void;
  /** Runs a program to its end. Rejects when it can't start, ends with another code than 0, or takes too long. */
  run(command: Command): Promise<Output>;
  start(spec: ChildSpec): Child;
  /** Binds, without listening, a UDP and a TCP socket that children inherit. */
  bindSockets(address: string, port: number): { readonly udp: number; readonly tcp: number };
  /** Binds, without listening, a TCP socket that children inherit. */
  bindStream(address: string, port: number): number;
  /** Listens on a Unix socket at `path`, which every user may reach who reaches its folder, and takes lines from it. */
  receiveLines(path: string, listener: (line: string) => void): void;
  /** Takes one line a connection on a unix socket that root alone may open, and answers each with one line. */
  serve(path: string, answer: (line: string) => Promise<string>): void;
  /** Sends one line to such a socket.  @returns the answer; rejects where nobody listens or it takes too long. */
  ask(path: string, line: string): Promise<string>;
  /**
   * Sends netlink messages to the kernel's packet filter, in one datagram.
   * @returns what came back since, unjudged. Throws where nothing could be sent, or nothing came.
   */
  tellNetfilter(messages: Uint8Array): NetlinkAnswer[];
  /** Holds an inter-process lock; resolves with its release. Rejects when somebody holds it. */
  lock(path: string): Promise<() => Promise<void>>;
  /** Replaces this program; comes back only by throwing. */
  replace(argv: readonly string[], env: Readonly<Record<string, string>>): never;
  /** From now on is given the orphans among its descendants, as PID 1 and elsewhere, and collects them; ignores no signal. */
  reapOrphans(): void;
  /** Kills what it has started and still runs, and, where not PID 1, all that came of it. */
  endDescendants(): void;
  /** Gives free memory back to the system; takes some 10 ms. */
  compactMemory(): void;
  /** Sends a signal, or with 0 asks whether it may. Throws the system's error. */
  signal(pid: number, signal: number): void;
  /** Signals to end that came before anybody listened. Asked before the first `onSignal`. */
  missedSignals(): NodeJS.Signals[];
  onSignal(names: readonly NodeJS.Signals[], listener: (name: NodeJS.Signals) => void): void;
  /** Called for every error that nobody caught, instead of the program's end. */
  onFault(listener: (error: unknown) => void): void;
}

/** What a short program needs of it. */
export type ShortHost = Pick<
  Host,
  'uid' | 'env' | 'files' | 'now' | 'uptime' | 'sleep' | 'print' | 'printError' | 'run' | 'ask' | 'signal'
>;
