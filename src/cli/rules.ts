import { parseDuration } from '../core/duration.ts';
import { ExitCode } from '../core/exit-codes.ts';
import { Paths } from '../core/paths.ts';
import type { Host } from '../host/host.ts';

/** The commands that ask init about the allowlist. */
export type ListCommand = 'allow' | 'deny' | 'reload' | 'rules';

const forms: Readonly<Record<ListCommand, string>> = {
  allow:
    'allow RULE [--for TIME], where RULE is name, name:port, name:port/tcp, *.name, `name ech` or @set, and TIME 30s, 10m, 1h or 7d',
  deny: 'deny RULE, where RULE is name, name:port, *.name or @set',
  reload: 'reload',
  rules: 'rules [--sets] [--json]',
};

/** Has init do it, and prints what came of it.  @returns 77 for anybody but root, 78 for what can't be meant. */
export async function askList(host: Host, command: ListCommand, args: readonly string[]): Promise<number> {
  if (host.uid !== 0) {
    host.printError(
      'Only the operator may see or change the allowlist in force: this takes root in the box.\n',
    );
    return ExitCode.platform;
  }
  const request = requestOf(command, args);
  if (request === null) {
    host.printError(`usage: cloister ${forms[command]}\n`);
    return ExitCode.settings;
  }
  const reply = await answerOf(host, request);
  if (reply === null) {
    host.printError('The box does not answer: `cloister status` says what it is doing.\n');
    return ExitCode.failed;
  }
  const text = args.includes('--json') ? JSON.stringify(reply.data) : reply.text;
  if (reply.code === ExitCode.ok) host.print(`${text}\n`);
  else host.printError(`${reply.text}\n`);
  await host.flush();
  return reply.code;
}

function requestOf(command: ListCommand, args: readonly string[]): object | null {
  const [first = '', flag, time, ...rest] = withWord(args);
  switch (command) {
    case 'reload':
      return args.length === 0 ? { command } : null;
    case 'rules':
      if (args.some((arg) => arg !== '--sets' && arg !== '--json')) return null;
      return { command: args.includes('--sets') ? 'sets' : command };
    case 'deny':
      return args.length === 1 && isRule(first) ? { command, rule: first } : null;
    case 'allow': {
      if (!isRule(first) || rest.length > 0) return null;
      if (flag === undefined) return { command, rule: first, for: null };
      const milliseconds = flag === '--for' ? parseDuration(time ?? '') : null;
      return milliseconds === null ? null : { command, rule: first, for: milliseconds };
    }
  }
}

/** The word of a rule may stand without quotes. */
function withWord([name = '', word, ...rest]: readonly string[]): readonly string[] {
  if (word === 'ech') return [`${name} ech`, ...rest];
  return word === undefined ? [name] : [name, word, ...rest];
}

/** An option is no rule; what else it must be init says. */
function isRule(text: string): boolean {
  return text !== '' && !text.startsWith('-') && text.length <= 300;
}

interface Reply {
  readonly code: number;
  readonly text: string;
  readonly data?: unknown;
}

async function answerOf(host: Host, request: object): Promise<Reply | null> {
  try {
    return JSON.parse(await host.ask(Paths.control, JSON.stringify(request))) as Reply;
  } catch {
    return null;
  }
}
