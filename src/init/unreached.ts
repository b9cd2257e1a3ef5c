import { Paths } from '../core/paths.ts';
import type { Host } from '../host/host.ts';

/** Milliseconds: longer than Claude Code pauses between two tries, so that a trouble long over is no cause. */
const recent = 60_000;
/** How many names an event carries. */
const mostNames = 10;

/** Names, newest last, each once. */
export interface Unreached {
  /** There only where the model's own host was among them at the end. */
  readonly cause?: 'network';
  readonly refused: readonly string[];
  readonly failed: readonly string[];
}

/**
 * What an agent that ended badly did not reach, from the files the refusals and failures were told in. The model's
 * service answering with an error is not in them: its words are the agent's own, on its output.
 * @param models names of the hosts where the agent asks its model.
 */
export function unreachedIn(host: Pick<Host, 'files' | 'now'>, models: readonly string[]): Unreached {
  const refused = linesOf(host.files.readIfAny(Paths.refusalsJson));
  const failed = linesOf(host.files.readIfAny(Paths.failuresJson));
  const since = host.now() - recent;
  const cut = { refused: namesOf(refused), failed: namesOf(failed) };
  const cause = [...refused, ...failed].some(({ name, time }) => models.includes(name) && time >= since);
  return cause ? { cause: 'network', ...cut } : cut;
}

interface Line {
  readonly name: string;
  readonly time: number;
}

function linesOf(text: string | null): Line[] {
  return (text ?? '').split('\n').flatMap((line) => {
    const [name, time] = [/"name":"([^"\\]+)"/.exec(line)?.[1], /"time":"([^"\\]+)"/.exec(line)?.[1]];
    return name === undefined || time === undefined ? [] : [{ name, time: Date.parse(time) }];
  });
}

function namesOf(lines: readonly Line[]): string[] {
  return [...new Set(lines.map(({ name }) => name))].slice(-mostNames);
}
