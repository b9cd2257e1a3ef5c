import { describe, expect, test } from 'vitest';
import { writeManaged } from '../../../src/agents/managed-settings.ts';
import { Paths } from '../../../src/core/paths.ts';
import { FakeMachine } from '../../../src/host/fake-host.ts';
import { makeAllowlist } from '../../../src/policy/allowlist.ts';
import { parseRules } from '../../../src/policy/parse-rules.ts';
import {
  findReservedRules,
  outboundTargets,
  reservedBy,
  withoutReserved,
} from '../../../src/policy/reserved-hosts.ts';
import type { Settings } from '../../../src/settings/settings.ts';

const notify: Settings['notify'] = {
  url: 'https://push.wild.example/SECRET',
  name: 'push.wild.example',
  port: 443,
  secure: true,
  path: '/SECRET',
  format: 'plain',
  authorization: null,
  on: ['waits'],
};
const telemetry: Settings['telemetry'] = {
  name: 'otel.example',
  port: 4318,
  secure: true,
  path: '/',
  headers: { authorization: 'SECRET' },
  variables: { OTEL_LOG_USER_PROMPTS: '0' },
};
const said = {
  boxName: 'night-shift',
  repository: { url: 'https://github.com/you/project', ref: null },
  notify,
  telemetry,
};
const rulesOf = (text: string) => parseRules(text, 'x').rules;

describe('what the box itself sends', () => {
  test('is nothing unless asked', () => {
    expect(outboundTargets({ ...said, notify: null, telemetry: null })).toBeNull();
  });

  test('goes to the egress process with the box’s name and the repository’s place', () => {
    const own = outboundTargets(said);
    expect(own?.notify).toMatchObject({
      box: 'night-shift',
      repository: 'github.com/you/project',
      path: '/SECRET',
    });
    expect(own?.telemetry).toEqual(telemetry);
  });

  test('takes its names from the agent’s list, also from below a wildcard', () => {
    const list = withoutReserved(
      { rules: rulesOf('*.wild.example\nallowed.example'), denied: [] },
      outboundTargets(said),
    );
    const allowlist = makeAllowlist(list.rules, list.denied);
    expect(allowlist.rulesFor('push.wild.example')).toEqual([]);
    expect(allowlist.rulesFor('other.wild.example')).toHaveLength(1);
    expect(allowlist.rulesFor('otel.example')).toEqual([]);
  });

  test('a rule that names one of its hosts is a fault, and can’t be added later', () => {
    expect(findReservedRules(said, rulesOf('*.wild.example\nallowed.example'))).toEqual([]);
    const faults = findReservedRules(said, rulesOf('push.wild.example:22/tcp\notel.example'));
    expect(faults.map(({ variable }) => variable)).toEqual(['NOTIFY_URL', 'OTEL_EXPORTER_OTLP_ENDPOINT']);
    expect(JSON.stringify(faults)).not.toContain('SECRET');
    const [rule] = rulesOf('otel.example');
    expect(rule && reservedBy({ ...said, neighbours: [] })(rule)).toMatch(/never let there/);
    const [other] = rulesOf('other.example');
    expect(other && reservedBy({ ...said, neighbours: [] })(other)).toBeNull();
  });
});

describe('what Claude Code is told', () => {
  const managedOf = (settings: Pick<Settings, 'telemetry'>) => {
    const machine = new FakeMachine();
    machine.files.ensureFolder(Paths.run, { mode: 0o755 });
    writeManaged(machine.program(), { ...settings, repositoryHooks: false });
    return machine.files.read(Paths.managed);
  };

  test('is nothing where no telemetry is asked for', () => {
    expect(JSON.parse(managedOf({ telemetry: null }))).toEqual({ env: {} });
  });

  test('is a door on loopback: no host and no header', () => {
    const text = managedOf({ telemetry });
    expect(JSON.parse(text)).toEqual({
      env: {
        CLAUDE_CODE_ENABLE_TELEMETRY: '1',
        OTEL_METRICS_EXPORTER: 'otlp',
        OTEL_LOGS_EXPORTER: 'otlp',
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.53:318',
        OTEL_LOG_TOOL_CONTENT: '0',
        OTEL_LOG_ASSISTANT_RESPONSES: '0',
        OTEL_LOG_USER_PROMPTS: '0',
      },
    });
    expect(text).not.toMatch(/otel\.example|SECRET/);
  });
});
