/** What `cloister` prints for a command it does not know. */
const usage = `usage: cloister COMMAND
  attach [--stay]       enter the session, waiting for the boot if need be
  status [--json]       what the box is doing
  health [--json]       whether it works, and why not
  verify [--json]       attack the box from inside, as the agent's user
  log [OPTION...]       what was refused, or what failed: --failed, --follow, --json
  allow RULE [--for 1h] let it out, until the next boot at most; @browsers and its like are sets of rules
  deny RULE             deny it until the next boot
  reload                read the allowlist's files again
  rules [--json]        the allowlist in force; --sets: every set, and what it opens
  as-agent PROGRAM ...  run a program as the agent's user, for files in and out
  version               the version of the box
`;

/** What these take, and nothing else; the others say it themselves. */
const options: Readonly<Record<string, readonly string[]>> = {
  attach: ['--stay'],
  status: ['--json'],
  health: ['--json'],
  verify: ['--json', '--inside'],
  version: [],
};

/** @returns what to print for a command that is none, or with an option it does not have; else null. Words are quoted. */
export function faultOf(name: string, args: readonly string[], isKnown: boolean): string | null {
  if (!isKnown) {
    const asked = ['', 'help', '--help', '-h'].includes(name);
    return asked ? usage : `There is no command ${JSON.stringify(name)}.\n${usage}`;
  }
  const taken = Object.hasOwn(options, name) ? options[name] : undefined;
  const wrong = taken === undefined ? undefined : args.find((arg) => !taken.includes(arg));
  return wrong === undefined ? null : `cloister ${name} does not take ${JSON.stringify(wrong)}.\n${usage}`;
}
