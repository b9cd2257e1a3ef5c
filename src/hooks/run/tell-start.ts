import { Paths } from '../../core/paths.ts';
import { readTextIfSmall } from '../../host/agent-files.ts';
import type { ShortHost } from '../../host/host.ts';
import { parseState } from '../../state/box-state.ts';
import {
  eventsIn,
  type HookSource,
  pluginsIn,
  renderDropped,
  renderNotes,
  runsForeignHooks,
} from '../foreign-hooks.ts';
import { isAside } from '../session-name.ts';

/** Tells at a session's start what of the repository is missing, and which hooks of it do not run. */
export function tellStart(host: ShortHost, input: string): string {
  const session = (JSON.parse(input) as { session_id?: unknown } | null)?.session_id;
  if (typeof session !== 'string' || isAside(session)) return '';
  const state = parseState(host.files.readIfAny(Paths.state));
  const dropped = runsForeignHooks(host.files.readIfAny(Paths.managed))
    ? ''
    : renderDropped(sourcesOf(`${state?.workspace ?? Paths.workspace}/repo`));
  return renderNotes([...(state?.lacks ?? []), dropped].filter((note) => note !== ''));
}

/** Octets of a settings file. */
const longest = 1_000_000;

function sourcesOf(repository: string): HookSource[] {
  const home = `${Paths.home}/.claude`;
  const settings = [
    ['.claude/settings.json', `${repository}/.claude/settings.json`],
    ['.claude/settings.local.json', `${repository}/.claude/settings.local.json`],
    ['~/.claude/settings.json', `${home}/settings.json`],
  ] as const;
  const plugins = pluginsIn(readTextIfSmall(`${home}/plugins/installed_plugins.json`, longest));
  return [
    ...settings.map(([name, path]) => ({ name, events: eventsIn(readTextIfSmall(path, longest)) })),
    ...plugins.map(({ name, folder }) => ({
      name: `the plugin ${name}`,
      events: eventsIn(readTextIfSmall(`${folder}/hooks/hooks.json`, longest)),
    })),
  ];
}
