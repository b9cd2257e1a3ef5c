import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Ended, type ExecOptions, engine } from './exec.ts';
import type { FakeInternet } from './fake-internet.ts';
import { type Look, parseLook } from './look.ts';

const root = join(import.meta.dirname, '../..');
const socket = '/run/cloister/session/tmux';
/** How `attach` ends where it was left and tmux had not answered. */
const leftUnanswered = 70;
export const repository = 'cloister-demo/chaos';

export interface BoxParts {
  readonly name: string;
  readonly image: string;
  readonly label: string;
  readonly internet: FakeInternet;
  /** The agent's: one of its own, for the kernel counts the processes of a user over the whole machine. */
  readonly uid: number;
  /** On the host: holds the library by which the box's clock jumps, and the offset. */
  readonly clock: string;
}

/** The box that the faults are done to, as the reference run makes it but for smaller places. */
export class Box {
  readonly parts: BoxParts;

  constructor(parts: BoxParts) {
    this.parts = parts;
  }

  /** Boots a new container on the same remote and the same conversations. */
  async boot(): Promise<void> {
    await this.remove();
    const { name, image, uid, label } = this.parts;
    await engine(['volume', 'create', '--label', label, `${name}-claude`]);
    // An empty volume would be given the owner that the image's folder has.
    const own = `touch /v/.kept && chown ${uid}:${uid} /v /v/.kept`;
    const once = ['--network=none', '--user=0', '--entrypoint=sh', '--volume', `${name}-claude:/v`];
    await must(['run', '--rm', ...once, image, '-c', own]);
    await must(['run', '--detach', '--name', name, ...this.#flags(), image]);
    await this.ready();
  }

  /** Waits for the boot. One that failed is told and tried again: on a busy machine the self-test may be out of time. */
  async ready(): Promise<void> {
    const { name } = this.parts;
    const until = 'timeout 20 sh -c "until [ -s /run/cloister/ready ]; do sleep 0.1; done"';
    for (let [left, boots] = [60, 3]; left > 0; left--) {
      const { code } = await engine(['exec', name, 'sh', '-c', until]);
      if (code === 0) return;
      const { stdout: running } = await engine(['inspect', '--format', '{{.State.Running}}', name]);
      if (running.trim() === 'false') {
        boots -= 1;
        const last = (await this.log()).trim().split('\n').at(-1)?.slice(0, 600);
        if (boots === 0) throw new Error(`the box did not boot: ${last}`);
        console.log(`the boot failed and is tried again: ${last}`);
        await engine(['start', name]);
      } else await sleep(300);
    }
    throw new Error(`the box did not get ready: ${(await this.log()).slice(-1000)}`);
  }

  async remove(): Promise<void> {
    await engine(['rm', '--force', this.parts.name]);
  }

  /** Takes away what outlives its containers. */
  async forget(): Promise<void> {
    await engine(['volume', 'rm', '--force', `${this.parts.name}-claude`]);
  }

  /** As root, with all that the engine gives. */
  root(script: string, options?: ExecOptions): Promise<Ended> {
    return engine(['exec', '-i', this.parts.name, 'bash', '-c', script], options);
  }

  /** As the agent's user, or as another one without a name. */
  as(uid: number, command: readonly string[], options?: ExecOptions): Promise<Ended> {
    const ids = [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--no-new-privs'];
    const environment = ['HOME=/home/claude', 'PATH=/usr/local/bin:/usr/bin:/bin', 'LANG=C.UTF-8'];
    const user = ['setpriv', ...ids, '--inh-caps=-all', '--bounding-set=-all', 'env', '-i', ...environment];
    return engine(['exec', '-i', this.parts.name, ...user, ...command], options);
  }

  agent(script: string, options?: ExecOptions): Promise<Ended> {
    return this.as(this.parts.uid, ['timeout', '60', 'bash', '-c', script], options);
  }

  /** In the background under the agent's whole profile: tmux's server runs it. */
  profiled(command: string): Promise<Ended> {
    return this.agent(`timeout 10 tmux -N -S ${socket} run-shell -b ${quoted(command)}`);
  }

  async look(): Promise<Look> {
    const at = Date.now();
    const { name, uid } = this.parts;
    const { stdout, stderr } = await engine(['exec', name, 'bash', '/chaos/look.sh', `${uid}`], {
      timeout: 90_000,
    });
    return parseLook(at, stdout, stderr);
  }

  /** An operator attaches, waits for Claude's screen, and leaves.  @returns what went wrong, or null. */
  async enter(seconds: number): Promise<string | null> {
    const script = 'expect bypass permissions\ntype \\x02d\nend';
    const command = ['python3', '/fixtures/type.py', `${seconds}`, script, 'cloister', 'attach'];
    const { code, stdout, stderr } = await engine(['exec', '-i', this.parts.name, ...command], {
      timeout: (seconds + 10) * 1000,
    });
    // On a busy machine tmux may take longer to let go than `attach` waits for.
    return code === 0 || code === leftUnanswered ? null : `${stdout}${stderr}`.slice(-600);
  }

  /** With the machine's time before each line. */
  async log(): Promise<string> {
    const { stdout, stderr } = await engine(['logs', '--timestamps', this.parts.name]);
    return stdout + stderr;
  }

  #flags(): string[] {
    const { name, label, uid, internet, clock } = this.parts;
    const small = (flag: string) =>
      flag
        .replace(
          /(--tmpfs=\/(?:tmp|workspace|home\/claude):.*)size=\w+,nr_inodes=\d+/,
          '$1size=64m,nr_inodes=4000',
        )
        .replaceAll('id=1000', `id=${uid}`)
        .replace(/^--memory=.*/, '--memory=1g')
        .replace(/^--pids-limit=.*/, '--pids-limit=600');
    const reference = readFileSync(join(root, 'scripts/flags'), 'utf8').split('\n').filter(Boolean);
    const mounts = {
      [internet.ca]: '/certs/ca.pem:ro',
      [clock]: '/clock:ro',
      [join(clock, 'preload')]: '/etc/ld.so.preload:ro',
      [join(root, 'test/attacks/fixtures')]: '/attacks:ro',
      [join(root, 'test/container/fixtures')]: '/fixtures:ro',
      [join(root, 'test/chaos/inside')]: '/chaos:ro',
      [`${name}-claude`]: '/home/claude/.claude',
    };
    return [
      ...reference.map(small),
      ...['--label', label, '--network', internet.network, `--tmpfs=/kept:size=16m,uid=${uid},gid=${uid}`],
      ...Object.entries(mounts).flatMap(([from, to]) => ['--volume', `${from}:${to}`]),
      ...Object.entries(this.#settings()).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
    ];
  }

  #settings(): Readonly<Record<string, string>> {
    const { internet } = this.parts;
    return {
      EXTRA_CA_CERTS: '/certs/ca.pem',
      DNS_UPSTREAM: internet.dns,
      ALLOW_PRIVATE: '198.51.100.0/24',
      ALLOW_DOMAINS: 'allowed.test,allowed.test:80',
      GH_PAT: internet.token,
      CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-chaos',
      REPO_URL: `https://github.com/${repository}`,
      RESCUE_INTERVAL: '10s',
      BOX_NAME: 'chaos',
      // A conversation to come back to.
      CLAUDE_PROMPT: 'Begin.',
    };
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

async function must(args: readonly string[]): Promise<void> {
  const { code, stderr } = await engine(args);
  if (code !== 0) throw new Error(`the engine could not ${args[0]}: ${stderr}`);
}
