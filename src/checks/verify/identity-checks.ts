import { release } from 'node:os';
import { parseLimits } from '../../confinement/limits/unbounded.ts';
import { Paths } from '../../core/paths.ts';
import { loadAttempt } from '../../host/attempt.ts';
import { fileAttempts } from '../../host/file-attempts.ts';
import type { Host } from '../../host/host.ts';
import { fieldOf } from '../../host/proc/pid.ts';
import { parseState } from '../../state/box-state.ts';
import { type Checks, judge, refused } from './verdict.ts';

/** What the kernel says about a process of the agent's user: this one. */
export const identityChecks: Checks = {
  'the agent is no root': (host) => {
    const uids = fieldsOf(host, 'Uid');
    return judge(uids.length === 4 && !uids.includes('0'), `uids ${uids.join(' ')}`);
  },
  'the agent has no supplementary group': (host) => {
    const own = fieldsOf(host, 'Gid');
    const groups = fieldsOf(host, 'Groups').filter((gid) => !own.includes(gid));
    return judge(groups.length === 0 && !own.includes('0'), `groups ${groups.join(' ')}`);
  },
  'the agent has no capability and can gain none': (host) => {
    const sets = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'];
    const clear = sets.every((name) => fieldsOf(host, name).every((mask) => /^0+$/.test(mask)));
    return judge(clear, sets.map((name) => `${name} ${fieldsOf(host, name).join()}`).join(', '));
  },
  'no program the agent runs gains privileges': (host) =>
    judge(fieldsOf(host, 'NoNewPrivs').join() === '1', 'no_new_privs is not set'),
  'the agent is kept from writing below /proc': (host) => {
    const known = parseState(host.files.readIfAny(Paths.state))?.containment.landlock ?? null;
    if (known === null && !hasLandlock()) return { verdict: 'unknown', detail: 'no Landlock' };
    return refused(() => fileAttempts.openToWrite('/proc/self/oom_score_adj'), ['EACCES']);
  },
  'the agent goes first when memory runs out, and leaves no core file or queue behind': ({ files }) => {
    const score = files.read('/proc/self/oom_score_adj').trim();
    const { hard, soft } = parseLimits(files.read('/proc/self/limits'));
    const kept = ['core', 'msgqueue'].every((name) => soft[name] === 0 && hard[name] === 0);
    return judge(score === '1000' && kept, `score ${score}, ${kept ? 'limited' : 'not limited'}`);
  },
  'the agent runs under a seccomp filter': (host) =>
    judge(fieldsOf(host, 'Seccomp').join() === '2', 'no filter'),
};

/** Asks the kernel for its version of Landlock; ours needs the one of Linux 5.19. */
function hasLandlock(): boolean {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  const isNew = major > 5 || (major === 5 && minor >= 19);
  return isNew && loadAttempt()('landlock_create_ruleset', [0, 0, 1]) === 'none';
}

/** @returns the fields of one line of this process's status, as the kernel tells them. */
function fieldsOf({ files }: Pick<Host, 'files'>, line: string): string[] {
  return fieldOf(files.read('/proc/self/status'), line)
    .split(/\s+/)
    .filter((field) => field !== '');
}
