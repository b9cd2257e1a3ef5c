import { whyLeading } from '../policy/leading-variable.ts';
import type { Fault } from './fault.ts';
import type { ReadText, Variables } from './secrets.ts';

const longestFile = 65_536;
/** Bytes of all values together: they go into the environment of each program of the session. */
const most = 65_536;

export interface AgentEnvironmentSaid {
  readonly names: readonly string[];
  readonly file: string | undefined;
  /** The container's environment, with what is set to nothing. */
  readonly given: Variables;
  readonly read: ReadText;
  /** Variables that are settings of the box in force, whose values go where they belong. */
  readonly taken: readonly string[];
  /** Values of the box's own secrets. */
  readonly secrets: readonly string[];
}

/** @returns the variables that an operator hands to the agent's session, by name. */
export function agentEnvironmentOf(said: AgentEnvironmentSaid, faults: Fault[]): Record<string, string> {
  const named = said.names.map((name) => ({ name, value: said.given[name], source: 'AGENT_ENV' }));
  const found: Record<string, string> = {};
  for (const { name, value, source } of [...linesOf(said, faults), ...named]) {
    const fault = faultOf({ name, value }, said);
    if (fault !== null) faults.push({ variable: source, ...fault });
    else found[name] = value ?? '';
  }
  if (Object.values(found).join('').length > most)
    faults.push({
      variable: 'AGENT_ENV',
      fault: `hands on more than ${most} characters`,
      remedy: 'Mount a file in their place.',
    });
  return found;
}

interface Line {
  readonly name: string;
  readonly value: string | undefined;
  readonly source: string;
}

/** `NAME=value` a line, quotes around the value left out; comments, empty lines and the word export are passed over. */
function linesOf({ file, read }: AgentEnvironmentSaid, faults: Fault[]): Line[] {
  if (file === undefined) return [];
  const variable = 'AGENT_ENV_FILE';
  const remedy = 'Mount a file with a NAME=value a line, readable by root.';
  let text: string;
  try {
    text = read(file, longestFile);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    faults.push({ variable, fault: `names a file that can't be read (${why})`, remedy });
    return [];
  }
  if (/[\0\ufffd]/.test(text)) {
    faults.push({ variable, fault: 'names a file that is no text', remedy });
    return [];
  }
  return text.split(/\r?\n/).flatMap((line, index) => {
    if (/^\s*(#.*)?$/.test(line)) return [];
    const [, name, value = ''] = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]{0,127})=(.*)$/.exec(line) ?? [];
    if (name !== undefined)
      return [{ name, value: unquoted(value.trim()), source: `${variable}:${index + 1}` }];
    faults.push({ variable: `${variable}:${index + 1}`, fault: 'is no NAME=value', remedy });
    return [];
  });
}

function unquoted(text: string): string {
  return /^(["'])(.*)\1$/s.exec(text)?.[2] ?? text;
}

function faultOf(
  { name, value }: Pick<Line, 'name' | 'value'>,
  { taken, secrets }: AgentEnvironmentSaid,
): Pick<Fault, 'fault' | 'remedy'> | null {
  const leaveOut = 'Leave it out.';
  if (taken.includes(name))
    return { fault: `names ${name}, which is a setting of the box's own`, remedy: leaveOut };
  const why = whyLeading(name);
  if (why !== null) return { fault: `names ${name}, which ${why}`, remedy: leaveOut };
  if (value === undefined)
    return {
      fault: `names ${name}, which is not set`,
      remedy: `docker run: -e ${name}=… beside it, or leave it out.`,
    };
  if (secrets.some((secret) => value.includes(secret)))
    return {
      fault: `names ${name}, which holds a secret of the box's own`,
      remedy: 'Leave it out: git, gh and Claude know their accounts.',
    };
  return null;
}
