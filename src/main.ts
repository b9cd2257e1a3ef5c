import type { ListCommand } from './commands/list.ts';
import { ExitCode } from './core/exit-codes.ts';
import { makeHost } from './host/real-host.ts';
import type { FromEgress, ToEgress } from './network/link.ts';

type Run = (args: readonly string[]) => Promise<number> | number;

const usage = `usage: cloister COMMAND
  attach [--stay]       enter the session, waiting for the boot if need be
  status [--json]       what the box is doing
  verify [--json]       attack the box from inside, as the agent's user
  log [OPTION...]       what was refused, or what failed: --failed, --follow, --json
  allow RULE [--for 1h] let it out, until the next boot at most
  deny RULE             deny it until the next boot
  reload                read the allowlist's files again
  rules [--json]        the allowlist in force
  version               the version of the box
`;

const list = (name: ListCommand) => async (args: readonly string[]) =>
  (await import('./commands/list.ts')).askList(makeHost({ lean: true }), name, args);

/** Every command loads only what it needs: init and the egress process live beside the agent for days. */
const commands: Readonly<Record<string, Run>> = {
  init: async (args) => {
    const { init } = await import('./boot/init.ts');
    const host = makeHost({ lean: false });
    const { readSettings } = await import('./settings/read.ts');
    return init(host, args, () => readSettings(host.env, host.files.read));
  },
  'init-resumed': async () => (await import('./boot/init.ts')).initResumed(makeHost({ lean: true })),
  egress: async () => {
    const { openParentLink } = await import('./host/parent-link.ts');
    const { egressMachine } = await import('./host/egress-machine.ts');
    const { runEgress } = await import('./network/egress.ts');
    runEgress(openParentLink<FromEgress, ToEgress>(), egressMachine());
    return new Promise(() => {});
  },
  hook: async ([name = '']) =>
    (await import('./commands/hook.ts')).hook(makeHost({ lean: true }), name, process.stdin),
  furnish: async () => (await import('./commands/furnish.ts')).furnish(process.stdin),
  attach: async (args) => {
    const { attach } = await import('./commands/attach.ts');
    const { openPty } = await import('./host/pty.ts');
    const { ownTerminal } = await import('./host/terminal.ts');
    return attach({
      host: makeHost({ lean: true }),
      terminal: ownTerminal(),
      openPty,
      stay: args.includes('--stay'),
    });
  },
  status: async (args) =>
    (await import('./commands/status.ts')).status(makeHost({ lean: true }), {
      json: args.includes('--json'),
    }),
  verify: async (args) => {
    const { verify } = await import('./commands/verify/verify.ts');
    return verify(makeHost({ lean: true }), {
      json: args.includes('--json'),
      inside: args.includes('--inside'),
    });
  },
  log: async (args) => (await import('./commands/log.ts')).log(makeHost({ lean: true }), args),
  ...Object.fromEntries((['allow', 'deny', 'reload', 'rules'] as const).map((name) => [name, list(name)])),
  version: async () => {
    const host = makeHost({ lean: true });
    host.print(`cloister ${(await import('./commands/versions.ts')).readVersions(host).cloister}\n`);
    return ExitCode.ok;
  },
};

const [name = '', ...args] = process.argv.slice(2);
const run = Object.hasOwn(commands, name) ? commands[name] : undefined;
if (run === undefined) process.stderr.write(usage);
process.exit(run === undefined ? ExitCode.settings : await run(args));
