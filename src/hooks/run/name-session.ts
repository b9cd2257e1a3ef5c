import { Paths } from '../../core/paths.ts';
import { beginningOf } from '../../host/agent-files.ts';
import type { ShortHost } from '../../host/host.ts';
import {
  asideSession,
  firstPrompt,
  isAside,
  parseName,
  parseSessionEvent,
  renderQuestion,
} from '../session-name.ts';
import { nameOf, notePath } from './session-notes.ts';

/** Bytes of the transcript's beginning: the first prompt is among them, or nobody names the session. */
const mostRead = 256 * 1024;
/** Milliseconds the small model has for its answer. */
const patience = 40_000;
/** Without tools, settings, servers or memory of the project's: a question, and nothing that could run. */
const asking = ['-p', '--model', 'haiku', '--tools', '', '--setting-sources', '', '--strict-mcp-config'];
const system = 'You name work sessions. You answer with one name in kebab-case and nothing else.';

/**
 * Names the window of a session after its first answer, once; and gives a resumed session its name back.
 * @param read stands in for a look at the transcript's beginning in tests.
 */
export async function nameSession(
  host: ShortHost,
  input: string,
  read = (path: string) => beginningOf(path, mostRead),
): Promise<string> {
  const event = parseSessionEvent(input);
  const pane = host.env.TMUX_PANE ?? '';
  if (event === null || isAside(event.session) || !/^%\d+$/.test(pane)) return '';
  const known = nameOf(host, event.session);
  if (event.name === 'SessionStart') {
    if (known !== null) await renameWindow(host, pane, known);
    return '';
  }
  if (host.files.facts(notePath(event.session)) !== null) return '';
  // Before the question: who comes second finds the note, and nobody asks again where there was no answer.
  host.files.write(notePath(event.session), '', 0o600);
  const prompt = event.transcript === null ? null : firstPrompt(read(event.transcript));
  const name = prompt === null ? null : await askForName(host, renderQuestion(prompt, event.answer));
  if (name === null) return '';
  host.files.write(notePath(event.session), `${name}\n`, 0o600);
  await renameWindow(host, pane, name);
  return '';
}

async function askForName(host: ShortHost, question: string): Promise<string | null> {
  const random = host.now().toString(16).padStart(12, '0').slice(-12);
  const options = [
    '--no-session-persistence',
    '--session-id',
    asideSession(random),
    '--system-prompt',
    system,
  ];
  const { stdout } = await host.run({
    argv: ['/usr/local/bin/claude', ...asking, ...options],
    env: askingEnvironment(host),
    stdin: question,
    cwd: Paths.session,
    timeout: patience,
  });
  return parseName(stdout);
}

/** No pane, so that nothing in it takes itself for the session. */
function askingEnvironment({ env }: ShortHost): Record<string, string> {
  const kept = ['HOME', 'USER', 'LANG', 'CLAUDE_CONFIG_DIR', 'NODE_EXTRA_CA_CERTS'];
  const own = {
    CLAUDE_CODE_DISABLE_CLAUDE_MDS: '1',
    PATH: '/usr/local/bin:/usr/bin:/bin',
    TERM: 'dumb',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  };
  return {
    ...Object.fromEntries(kept.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]))),
    ...own,
  };
}

/** The window's name, not the session's: by that one people and programs find it. */
async function renameWindow(host: ShortHost, pane: string, name: string): Promise<void> {
  const argv = ['/usr/bin/tmux', '-N', '-S', Paths.socket, 'rename-window', '-t', pane, name];
  await host.run({ argv, cwd: '/', timeout: 5000 });
}
