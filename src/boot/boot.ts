import { boundAgent } from '../confinement/limits/bound-agent.ts';
import { probeLandlock } from '../confinement/probe-landlock.ts';
import { egressIdentity } from '../confinement/profile.ts';
import { BootError } from '../core/errors.ts';
import { ExitCode } from '../core/exit-codes.ts';
import type { Log } from '../core/log.ts';
import { Paths } from '../core/paths.ts';
import type { Host } from '../host/host.ts';
import { renderFaults } from '../init/rule-files.ts';
import { applyFirewall, probeBackend } from '../network/firewall/apply.ts';
import { planFirewall, proxiedPorts } from '../network/firewall/plan.ts';
import { findReservedRules, findTaken } from '../policy/reserved-hosts.ts';
import { renderRule, type SourcedRule } from '../policy/rule.ts';
import type { Fault } from '../settings/fault.ts';
import type { Settings } from '../settings/settings.ts';
import type { BoxEnvironment } from '../state/environment.ts';
import type { StateStore } from '../state/state-store.ts';
import { findExcess, readRules } from './allowlist-files.ts';
import { dropPrivileges } from './drop-privileges.ts';
import { ensureOwnPorts, ensureRunFolder, holdBootLock, readEnvironment } from './environment.ts';
import { mountRooms } from './mount-places.ts';
import { findMountedFaults, findWritableLists } from './mounted-faults.ts';
import type { Steps } from './step.ts';

export interface BootParts {
  readonly host: Host;
  readonly log: Log;
  readonly store: StateStore;
  readonly steps: Steps;
  readonly deadline: number;
  readonly task: readonly string[];
  readonly readSettings: () => Settings | readonly Fault[];
}

/**
 * The first half of the boot, with all capabilities: it ends by replacing itself with the second half
 * (`resume.ts`), which has few. The firewall and the lock have no undo.
 */
export async function boot(parts: BootParts): Promise<never> {
  const { host, log, store, steps, deadline, task, readSettings } = parts;
  const { settings, base } = await steps.step('settings', () => validSettings(host, readSettings()));
  for (const { rule, source } of settings.claude.rules)
    log.event('info', 'settings.allowed', { variable: source, rule: renderRule(rule) });
  const { releaseLock, ...environment } = await steps.step('environment', async ({ say }) => {
    const environment = readEnvironment(host, settings);
    ensureOwnPorts(host);
    await ensureRunFolder(host);
    const releaseLock = await holdBootLock(host);
    const { platform, agent, workspace, borrowed } = environment;
    store.post({ platform, agent, workspace, borrowed });
    log.event('debug', 'boot.environment', { ...environment });
    say(`${environment.platform}; upstream resolvers ${environment.upstreams.join(', ')}`);
    return { ...environment, releaseLock };
  });
  const firewall = await steps.step('firewall', async ({ say, warn }) => {
    const backend = await probeBackend(host);
    const plan = planFirewall({
      agent: environment.agent.uid,
      egress: egressIdentity.uid,
      ...networkOf(environment),
      proxied: proxiedPorts(settings.rules),
      published: settings.publishPorts,
    });
    const mayFallBack = settings.egressFallback === 'address';
    const firewall = await applyFirewall(host, plan, { backend, ipv6: environment.ipv6, mayFallBack });
    const said = `${firewall.rules} rules over iptables-${backend}`;
    if (firewall.byAddress) warn(`${said}; names are not checked: this kernel cannot redirect to the proxy`);
    else say(said);
    return { backend, ...firewall };
  });
  const { hiddenProcesses, ...profile } = await steps.step('mounts', async (tools) => {
    const mounted = await mountRooms(host, { settings, environment, ...firewall }, tools);
    const limits = await boundAgent(host, { settings, environment }, tools);
    return { ...mounted, limits, landlock: await probeLandlock(host) };
  });
  return steps.step('drop-privileges', async ({ assertGoing, undo }) => {
    // The second half takes the lock again: its renewal can't outlive this program. In between, the posted state
    // of this very process keeps a second boot away.
    await releaseLock();
    assertGoing();
    undo(() => host.files.remove(Paths.handover));
    const { bootId, startedAt, startedUptime, steps: past } = store.state;
    return dropPrivileges(host, {
      settings,
      base,
      environment: { ...environment, agent: { ...environment.agent, ...profile } },
      ...firewall,
      hiddenProcesses,
      bootId,
      startedAt,
      startedUptime,
      dropUptime: host.uptime(),
      deadline,
      steps: past,
      task,
    });
  });
}

/** What the firewall depends on of the platform's network. */
function networkOf({
  upstreams,
  engineForwards,
  neighbours,
  nameservers,
  connected,
  local,
  platform,
}: BoxEnvironment) {
  const asked = [...new Set([...upstreams, ...neighbours.resolvers])];
  return { upstreams: asked, engineForwards, nameservers, connected, local, fly: platform === 'fly' };
}

interface Valid {
  readonly settings: Settings;
  readonly base: readonly SourcedRule[];
}

/** Joins the faults of the settings and of the allowlist's files: all are reported together. */
function validSettings(host: Host, read: Settings | readonly Fault[]): Valid {
  const { base, faults } = readRules(host, Array.isArray(read) ? [] : (read as Settings).sets);
  const all = [
    ...(Array.isArray(read) ? (read as readonly Fault[]) : []),
    ...faults,
    ...findMountedFaults(host.files),
    ...findWritableLists(host.files),
  ];
  if (all.length === 0) {
    const settings = read as Settings;
    const joined = [
      ...base,
      ...settings.rules.map((rule) => ({ rule, source: 'ALLOW_DOMAINS' })),
      ...settings.neighbours.map((rule) => ({ rule, source: 'NEIGHBOURS' })),
      ...settings.claude.rules,
    ];
    const rules = joined.map(({ rule }) => rule);
    const excess = findExcess(joined);
    all.push(
      ...findReservedRules(settings, rules),
      ...findTaken(rules),
      ...(excess === null ? [] : [excess]),
    );
    if (all.length === 0) return { settings: { ...settings, rules }, base: joined };
  }
  throw new BootError({
    message: `${all.length === 1 ? 'a setting is' : `${all.length} settings are`} wrong`,
    remedy: renderFaults(all).join('\n'),
    code: ExitCode.settings,
  });
}
