import { openSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { Paths } from '../../core/paths.ts';
import { loadAttempt } from '../../host/attempt.ts';
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
    return refused(() => openSync('/proc/self/oom_score_adj', 'w'), ['EACCES']);
  },
  'the agent goes first when memory runs out, and leaves no core file or queue behind': () => {
    const score = readFileSync('/proc/self/oom_score_adj', 'utf8').trim();
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const kept = ['Max core file size', 'Max msgqueue size'].every((name) =>
      new RegExp(`^${name} +0 +0 `, 'm').test(limits),
    );
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
