import { faultOf } from './cli/usage.ts';
import { ExitCode } from './core/exit-codes.ts';
import type { FromEgress, ToEgress } from './network/protocol.ts';

type Run = (args: readonly string[]) => Promise<number> | number;

/** The host of what lives long or starts often; `short` loads what runs programs once it does, `looking` starts none. */
const lean = async () => (await import('./host/real-host.ts')).makeHost({ lean: true });
const short = async () => (await import('./host/short-host.ts')).shortHost;
const looking = async () => (await import('./host/looking-host.ts')).lookingHost;
const json = (args: readonly string[]) => ({ json: args.includes('--json') });
const list = (name: 'allow' | 'deny' | 'reload' | 'rules') => async (args: readonly string[]) =>
  (await import('./cli/rules.ts')).askList(await lean(), name, args);

/** Every command loads only what it needs: init and the egress process live beside the agent for days. */
const commands: Readonly<Record<string, Run>> = {
  init: async (args) => {
    const { init } = await import('./boot/init.ts');
    const host = await lean();
    const { settingsFrom } = await import('./settings/read.ts');
    return init(host, args, ...settingsFrom(host));
  },
  'init-resumed': async () => {
    (await import('./host/memory.ts')).compactWhenQuiet();
    return (await import('./boot/init.ts')).initResumed(await lean());
  },
  egress: async () => {
    const { openParentLink } = await import('./host/parent-link.ts');
    const { egressMachine } = await import('./host/egress-machine.ts');
    const { runEgress } = await import('./network/egress-program.ts');
    runEgress(openParentLink<FromEgress, ToEgress>(), egressMachine());
    return new Promise(() => {});
  },
  hook: async ([name = '']) => (await import('./hooks/hook.ts')).hook(await short(), name, process.stdin),
  'provision-home': async () =>
    (await import('./agents/provision-home.ts')).provisionHome(await looking(), process.stdin),
  rescue: async () => (await import('./rescue/agent/program.ts')).runRescue(await short(), process.stdin),
  attach: async (args) => {
    const { attach } = await import('./cli/attach.ts');
    const { openPty } = await import('./host/pty.ts');
    const { ownTerminal } = await import('./host/terminal.ts');
    return attach({ host: await lean(), terminal: ownTerminal(), openPty, stay: args.includes('--stay') });
  },
  status: async (args) => (await import('./cli/status.ts')).status(await lean(), json(args)),
  health: async (args) => (await import('./checks/health/health.ts')).health(await looking(), json(args)),
  verify: async (args) => {
    const { verify } = await import('./checks/verify/verify.ts');
    return verify(await short(), { ...json(args), inside: args.includes('--inside') });
  },
  log: async (args) => (await import('./cli/show-log.ts')).log(await lean(), args),
  ...Object.fromEntries((['allow', 'deny', 'reload', 'rules'] as const).map((name) => [name, list(name)])),
  'as-agent': async (args) => (await import('./cli/as-agent.ts')).runAsAgent(await lean(), args),
  version: async () => (await import('./cli/versions.ts')).printVersion(await lean()),
};

const [name = '', ...args] = process.argv.slice(2);
const run = Object.hasOwn(commands, name) ? commands[name] : undefined;
const fault = faultOf(name, args, run !== undefined);
if (fault !== null) process.stderr.write(fault);
process.exit(run === undefined || fault !== null ? ExitCode.settings : await run(args));
