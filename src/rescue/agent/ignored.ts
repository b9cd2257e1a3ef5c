import { CommandError } from '../../host/command-error.ts';
import type { Git } from '../git.ts';

/** Which paths git's own rules leave alone, asked of one process for a whole walk. */
export interface Ignored {
  /** @param paths as octets, relative to the working tree. */
  among(paths: readonly string[]): Promise<ReadonlySet<string>>;
  close(): Promise<void>;
}

/** What `check-ignore -v -n -z` says of each path: where a rule stands, its line, the rule, the path. */
const fields = 4;

export function openIgnored(git: Git): Ignored {
  const questions = new Queue();
  let rest = '';
  let said: string[] = [];
  let wanted = 0;
  let answered = () => {};
  const take = (octets: Buffer) => {
    const parts = (rest + octets.toString('latin1')).split('\0');
    rest = parts.pop() ?? '';
    said.push(...parts);
    if (said.length >= wanted * fields) answered();
  };
  const program = git.run(['check-ignore', '--no-index', '--stdin', '-z', '-v', '-n'], {
    input: questions.read(),
    onOutput: take,
    // It knows no literal ones; what begins with `./` is one all the same.
    env: { GIT_LITERAL_PATHSPECS: '0' },
  });
  // With 1 it says that nothing it was asked is ignored.
  const ended = program.then(
    () => {},
    (error: unknown) => {
      if (!isNone(error)) throw error;
    },
  );
  ended.catch(() => {});
  return {
    among: async (paths) => {
      if (paths.length === 0) return new Set();
      said = [];
      wanted = paths.length;
      const whole = new Promise<void>((resolve) => {
        answered = resolve;
      });
      questions.put(Buffer.from(paths.map((path) => `./${path}\0`).join(''), 'latin1'));
      await Promise.race([whole, ended]);
      if (said.length < wanted * fields) throw new Error('git check-ignore ended before it had answered');
      return new Set(paths.filter((_, at) => isRule(said[at * fields + 2] ?? '')));
    },
    close: async () => {
      questions.end();
      await ended.catch(() => {});
    },
  };
}

/** A rule that begins so takes a path back. */
function isRule(rule: string): boolean {
  return rule !== '' && !rule.startsWith('!');
}

function isNone(error: unknown): boolean {
  return error instanceof CommandError && error.answered && error.code === 1;
}

/** What is put in comes out, in order, until it is ended. */
class Queue {
  readonly #waiting: Buffer[] = [];
  #ended = false;
  #wake = () => {};

  put(octets: Buffer): void {
    this.#waiting.push(octets);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *read(): AsyncGenerator<Buffer> {
    while (true) {
      const next = this.#waiting.shift();
      if (next !== undefined) yield next;
      else if (this.#ended) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}
