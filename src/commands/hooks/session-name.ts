import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';
import { Paths } from '../../core/paths.ts';
import {
  asideSession,
  firstPrompt,
  isAside,
  parseName,
  parseSessionEvent,
  renderQuestion,
  type SessionEvent,
} from '../../hooks/session-name.ts';
import type { Host } from '../../host/host.ts';
import { nameOf, notePath } from './session-notes.ts';

/** Bytes of the transcript's beginning: the first prompt is among them, or nobody names the session. */
const mostRead = 256 * 1024;
/** Milliseconds the small model has for its answer. */
const patience = 40_000;
/** Without tools, settings, servers or memory of the project's: a question, and nothing that could run. */
const asking = ['-p', '--model', 'haiku', '--tools', '', '--setting-sources', '', '--strict-mcp-config'];
const system = 'You name work sessions. You answer with one name in kebab-case and nothing else.';

/** Names the window of a session after its first answer, once; and gives a resumed session its name back. */
export async function nameSession(host: Host, input: string): Promise<string> {
  const event = parseSessionEvent(input);
  const pane = host.env.TMUX_PANE ?? '';
  if (event === null || isAside(event.session) || !/^%\d+$/.test(pane)) return '';
  const known = nameOf(host, event.session);
  if (event.name === 'SessionStart') {
    if (known !== null) await renameWindow(host, pane, known);
    return '';
  }
  if (known !== null || !claim(event.session)) return '';
  const name = await askForName(host, event);
  if (name === null) return '';
  host.files.write(notePath(event.session), `${name}\n`, 0o600);
  await renameWindow(host, pane, name);
  return '';
}

/** @returns whether this call is the session's first: a second one finds the note. */
function claim(session: string): boolean {
  try {
    writeFileSync(notePath(session), '', { flag: 'wx', mode: 0o600 });
    return true;
  } catch {
    return false;
  }
}

async function askForName(host: Host, event: SessionEvent): Promise<string | null> {
  const prompt = event.transcript === null ? null : firstPrompt(beginningOf(event.transcript));
  if (prompt === null) return null;
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
    stdin: renderQuestion(prompt, event.answer),
    cwd: Paths.session,
    timeout: patience,
  });
  return parseName(stdout);
}

/** No pane, so that nothing in it takes itself for the session. */
function askingEnvironment({ env }: Host): Record<string, string> {
  const kept = ['HOME', 'USER', 'LANG', 'CLAUDE_CONFIG_DIR', 'NODE_EXTRA_CA_CERTS'];
  const own = {
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
async function renameWindow(host: Host, pane: string, name: string): Promise<void> {
  const argv = ['/usr/bin/tmux', '-N', '-S', Paths.socket, 'rename-window', '-t', pane, name];
  await host.run({ argv, cwd: '/', timeout: 5000 });
}

function beginningOf(path: string): string {
  const file = openSync(path, 'r');
  try {
    const octets = Buffer.alloc(mostRead);
    return octets.toString('utf8', 0, readSync(file, octets, 0, mostRead, 0));
  } finally {
    closeSync(file);
  }
}
