import { isJsonObject, parseJsonObject } from '../core/json-object.ts';

/** A settings file, or a plugin's, that has hooks. */
export interface HookSource {
  /** As a reader knows it. */
  readonly name: string;
  /** Events its hooks wait for. */
  readonly events: readonly string[];
}

/** @param text a settings file or a plugin's hooks.json, or null.  @returns the events that have hooks in it. */
export function eventsIn(text: string | null): string[] {
  const hooks = parseJsonObject(text).hooks;
  if (!isJsonObject(hooks)) return [];
  const events = Object.keys(hooks).filter((event) => Array.isArray(hooks[event]) && hooks[event].length > 0);
  return events.filter((event) => /^[A-Za-z]{1,40}$/.test(event)).slice(0, 40);
}

/** @param text Claude Code's list of installed plugins, or null.  @returns where each lies, by its name. */
export function pluginsIn(text: string | null): { readonly name: string; readonly folder: string }[] {
  const plugins = parseJsonObject(text).plugins;
  if (!isJsonObject(plugins)) return [];
  return Object.entries(plugins).flatMap(([name, value]) => {
    const entries: unknown[] = Array.isArray(value) ? value : [value];
    const folders = entries.map((entry) => (isJsonObject(entry) ? entry.installPath : undefined));
    const folder = folders.find((one) => typeof one === 'string' && one.startsWith('/'));
    return typeof folder === 'string' && /^[\w.@/-]{1,100}$/.test(name) ? [{ name, folder }] : [];
  });
}

/** @param text the managed settings of this boot.  @returns whether hooks of others run. */
export function runsForeignHooks(text: string | null): boolean {
  return parseJsonObject(text).allowManagedHooksOnly === false;
}

/** @returns one sentence about hooks that do not run, and what would have them run; empty for none. */
export function renderDropped(sources: readonly HookSource[]): string {
  const some = sources.filter(({ events }) => events.length > 0);
  if (some.length === 0) return '';
  const named = some.map(({ name, events }) => `${name} (${events.join(', ')})`).join('; ');
  return `Hooks that do not run in this box: ${named}. An operator who trusts them sets REPO_HOOKS=on.`;
}

/** Renders the answer to Claude Code at a session's start: to the model, and on the operator's screen. */
export function renderNotes(notes: readonly string[]): string {
  if (notes.length === 0) return '';
  const text = notes.join('\n');
  return JSON.stringify({
    systemMessage: text,
    hookSpecificOutput: { hookEventName: 'SessionStart', additionalContext: text },
  });
}
