/** The users of the box. `root` is init and what runs in it. */
export type User = 'root' | 'egress' | 'agent' | 'broker' | 'web';

/**
 * What each room may load, from the ground up: a type is seen of what stands before it, and of settings by all.
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
    ...['control', 'init', 'checks', 'rescue', 'credentials', 'agents', 'hooks', 'network'],
    ...['state', 'confinement', 'policy', 'host', 'core'],
  ],
  cli: ['checks', 'agents', 'terminal', 'state', 'confinement', 'policy', 'host', 'core'],
  main: [
    ...['cli', 'boot', 'checks', 'rescue', 'agents', 'hooks', 'network'],
    ...['settings', 'state', 'confinement', 'host', 'core'],
  ],
};

export const order: readonly string[] = Object.keys(mayLoad);

/**
 * Who runs what is behind a door: a folder or a file below src, the longest that matches. What stands here with no user
 * (core, host, data) runs under everybody's. Root meets the others in files called `protocol.ts`.
 */
export const users: Readonly<Record<string, User>> = {
  settings: 'root',
  credentials: 'root',
  init: 'root',
  control: 'root',
  boot: 'root',
  cli: 'root',
  'network/firewall': 'root',
  network: 'egress',
  hooks: 'agent',
  agents: 'root',
  'agents/provision-home.ts': 'agent',
  'rescue/init': 'root',
  'rescue/agent': 'agent',
  'checks/self-test.ts': 'root',
  'checks/health': 'root',
  'checks/verify': 'agent',
};

/** Which file may load which other against the directions or the users, and why. */
const excused: readonly { readonly from: string; readonly to: string }[] = [
  // Init has the log hide what the settings say is secret: a pure function of theirs.
  { from: 'src/boot/init.ts', to: 'src/settings/settings.ts' },
];

export function isExcused(from: string, to: string): boolean {
  return excused.some((one) => one.from === from && one.to === to);
}
