import { isJsonObject, type JsonObject, parseJsonObject } from '../core/json-object.ts';

/** What the agent's home has to hold before the first screen. It goes to the plan process as JSON. */
export interface HomePlan {
  readonly home: string;
  /** The agent's configuration folder for Claude Code: one folder, so one volume keeps everything. */
  readonly claudeFolder: string;
  /** A folder on a volume that the one above has to lead to, or null. */
  readonly claudeLink: string | null;
  /** The roots of what may be a volume, outermost first: the agent has to get in. */
  readonly rooms: readonly string[];
  /** Folders on a volume that have to be there, the one above among them. */
  readonly folders: readonly string[];
  /** Folders Claude Code opens without asking whether it may trust them. */
  readonly trusted: readonly string[];
  /** The last characters of an API key, by which Claude Code remembers that using it was approved. */
  readonly approvedKey: string | null;
  readonly githubToken: string | null;
}

/** The repository is trusted, and so is what its CLAUDE.md includes: nothing there can do more than the agent may. */
const trusted = {
  hasTrustDialogAccepted: true,
  hasClaudeMdExternalIncludesApproved: true,
  hasClaudeMdExternalIncludesWarningShown: true,
};

/**
 * Merges what keeps Claude Code's first screen free of dialogs into the settings it wrote itself.
 * @param text the present `.claude.json`, or null; a broken one is replaced.
 */
export function mergeClaudeState(text: string | null, plan: HomePlan): string {
  const state = parseJsonObject(text);
  const projects = objectIn(state, 'projects');
  for (const folder of plan.trusted) {
    projects[folder] = { ...objectIn(projects, folder), ...trusted };
  }
  const merged: JsonObject = { ...state, hasCompletedOnboarding: true, projects };
  const known = objectIn(state, 'customApiKeyResponses');
  // Of a key that the box no longer has not even its tail stays on a volume.
  const approved = plan.approvedKey === null ? [] : [plan.approvedKey];
  if (approved.length > 0 || listIn(known, 'approved').length > 0) {
    const rejected = listIn(known, 'rejected').filter((key) => key !== plan.approvedKey);
    merged.customApiKeyResponses = { ...known, approved, rejected };
  }
  return `${JSON.stringify(merged, null, 2)}\n`;
}

/** @returns whether the present `.claude.json` holds all of that already: then nothing has to be written. */
export function isSettled(text: string | null, plan: HomePlan): boolean {
  return (
    text !== null && mergeClaudeState(text, plan) === `${JSON.stringify(parseJsonObject(text), null, 2)}\n`
  );
}

/** What a full disk kept from being written: without what is `needed` there is no first screen without a dialog. */
export interface Shortage {
  readonly lack: 'needed' | 'spared';
  readonly path: string;
}

export function renderShortage({ lack, path }: Shortage): string {
  return `${lack} ${path}\n`;
}

/** @param text what a program of the agent's user said: no other path of it is believed than those it was given. */
export function parseShortages(text: string, { home, claudeFolder, folders }: HomePlan): Shortage[] {
  return text.split('\n').flatMap((line) => {
    const [lack = '', path = ''] = line.split(' ');
    if (![home, claudeFolder, ...folders].includes(path)) return [];
    return lack === 'needed' || lack === 'spared' ? [{ lack, path }] : [];
  });
}

/** @returns gh's account file. */
export function renderGhHosts(token: string): string {
  return ['github.com:', `    oauth_token: ${token}`, '    git_protocol: https', ''].join('\n');
}

function objectIn(parent: JsonObject, key: string): JsonObject {
  const value = Object.hasOwn(parent, key) ? parent[key] : undefined;
  return isJsonObject(value) ? { ...value } : {};
}

function listIn(parent: JsonObject, key: string): unknown[] {
  const value = Object.hasOwn(parent, key) ? parent[key] : undefined;
  return Array.isArray(value) ? value : [];
}
