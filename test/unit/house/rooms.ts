/** The users of the box. `root` is init and what runs in it. */
export type User = 'root' | 'egress' | 'agent' | 'broker' | 'web';

/** What each room may load. Types may be seen of everything below it, and of settings by all. */
export const mayLoad: Readonly<Record<string, readonly string[]>> = {
  core: [],
  host: ['core'],
  network: ['host', 'core'],
  hooks: ['host', 'core'],
  session: ['host', 'core'],
  settings: ['network', 'core'],
  supervise: ['network', 'hooks', 'session', 'host', 'core'],
  boot: ['supervise', 'network', 'hooks', 'session', 'host', 'core'],
  commands: ['hooks', 'session', 'host', 'core'],
  main: ['commands', 'boot', 'supervise', 'network', 'settings', 'host', 'core'],
};

/** From the ground up: a type is seen of what stands before. */
export const order: readonly string[] = [
  'core',
  'host',
  'network',
  'hooks',
  'session',
  'settings',
  'supervise',
  'boot',
  'commands',
  'main',
];

/**
 * Who runs what is behind a door: a folder or a file below src, the longest that matches. What stands here with no user
 * (core, host, data) runs under everybody's. Root meets the others in files called `protocol.ts`.
 */
export const users: Readonly<Record<string, User>> = {
  boot: 'root',
  supervise: 'root',
  'network/firewall': 'root',
  'network/egress.ts': 'egress',
  'network/guard': 'egress',
  'network/resolver': 'egress',
  hooks: 'agent',
  'commands/hooks': 'agent',
};

/** Which file may load which other against the directions or the users, and why. */
const excused: readonly { readonly from: string; readonly to: string }[] = [
  // Init has the log hide what the settings say is secret: a pure function of theirs.
  { from: 'src/boot/init.ts', to: 'src/settings/settings.ts' },
  // Which repository a URL names: a parser, which starts nothing.
  { from: 'src/boot/upstream.ts', to: 'src/hooks/fork.ts' },
];

export function isExcused(from: string, to: string): boolean {
  return excused.some((one) => one.from === from && one.to === to);
}
