/** The users of the box. `root` is init and what runs in it. */
export type User = 'root' | 'egress' | 'agent' | 'broker' | 'web';

/**
 * What each room may load, from the ground up. Types may be seen of every room that stands before, and of settings
 * by all.
 */
export const mayLoad: Readonly<Record<string, readonly string[]>> = {
  core: [],
  host: ['core'],
  policy: ['host', 'core'],
  confinement: ['host', 'core'],
  state: ['confinement', 'policy', 'host', 'core'],
  settings: ['policy', 'core'],
  network: ['state', 'policy', 'host', 'core'],
  terminal: ['host', 'core'],
  hooks: ['state', 'policy', 'host', 'core'],
  agents: ['terminal', 'confinement', 'host', 'core'],
  credentials: ['agents', 'policy', 'host', 'core'],
  rescue: ['state', 'confinement', 'host', 'core'],
  checks: ['network', 'state', 'confinement', 'host', 'core'],
  init: ['checks', 'rescue', 'agents', 'network', 'state', 'confinement', 'policy', 'host', 'core'],
  control: ['init', 'checks', 'core'],
  boot: [
    'control',
    'init',
    'checks',
    'rescue',
    'credentials',
    'agents',
    'hooks',
    'network',
    'state',
    'confinement',
    'policy',
    'host',
    'core',
  ],
  cli: ['checks', 'agents', 'terminal', 'state', 'confinement', 'policy', 'host', 'core'],
  main: [
    'cli',
    'boot',
    'checks',
    'rescue',
    'agents',
    'hooks',
    'network',
    'settings',
    'state',
    'confinement',
    'host',
    'core',
  ],
};

/**
 * Who runs what is behind a door: a folder or a file below src, the longest that matches. What stands here with no user
 * (core, host, data) runs under everybody's. Root meets the others in files called `protocol.ts`.
 */
export const users: Readonly<Record<string, User>> = {
  boot: 'root',
  init: 'root',
  control: 'root',
  credentials: 'root',
  network: 'egress',
  'network/firewall': 'root',
  hooks: 'agent',
  'agents/provision-home.ts': 'agent',
  'rescue/init': 'root',
  'rescue/agent': 'agent',
};

/** Which file may load which other against the directions or the users, and why. */
const excused: readonly { readonly from: string; readonly to: string }[] = [
  // Init has the log hide what the settings say is secret: a pure function of theirs.
  { from: 'src/boot/init.ts', to: 'src/settings/settings.ts' },
  // Init asks the remote as the agent, with the same command and the same parser as the program that saves.
  { from: 'src/rescue/init/rescuer.ts', to: 'src/rescue/agent/remote.ts' },
];

export function isExcused(from: string, to: string): boolean {
  return excused.some((one) => one.from === from && one.to === to);
}
