import { describe, expect, test } from 'vitest';
import type { Log } from '../../../src/core/log.ts';
import type { FakeChild } from '../../../src/host/fake-child.ts';
import { FakeMachine } from '../../../src/host/fake-host.ts';
import { respawnEgress } from '../../../src/init/egress-service.ts';
import type { PinRequest } from '../../../src/network/firewall/firewall.ts';
import type { Report } from '../../../src/network/protocol.ts';
import type { Denial } from '../../../src/policy/rule.ts';

function setUp() {
  const machine = new FakeMachine();
  const events: [string, unknown][] = [];
  const log: Log = {
    event: (_, event, fields) => events.push([event, fields]),
    hide: () => {},
    redact: (text) => text,
  };
  const pinned: PinRequest[] = [];
  const list = { denied: [] as Denial[] };
  const reported: Report[] = [];
  const firewall = { failure: null as Error | null };
  const reports: { running: boolean; restarts: number }[] = [];
  const egress = respawnEgress({
    host: machine.program(),
    log,
    firewall: {
      pin: async (request) => {
        if (firewall.failure !== null) throw firewall.failure;
        pinned.push(request);
      },
      expire: async () => {},
      setRules: async () => {},
      nameAt: () => null,
      size: 0,
    },
    configuration: () => ({
      kind: 'configure',
      rules: [],
      denied: list.denied,
      upstreams: ['192.0.2.53'],
      connected: [],
      local: [],
      allowed: [],
      neighbours: { hosts: {}, resolvers: [], gateways: [] },
      proxy: null,
      byAddress: false,
      own: null,
    }),
    sockets: { udp: 10, tcp: 11, proxy: 12, ingest: 13 },
    argv: ['/usr/local/bin/node', 'cloister.mjs', 'egress'],
    held: { landlock: null },
    env: {},
    reported: (report) => reported.push(report),
    changed: (report) => reports.push(report),
  });
  const child = () => machine.children.at(-1) as FakeChild;
  return { machine, egress, child, events, pinned, firewall, reports, reported, list };
}
const tick = () => new Promise((resolve) => void setImmediate(resolve));

describe('the egress process', () => {
  test('is asked, and has answered when it says so; one that ends instead has not', async () => {
    const { machine, egress, child } = setUp();
    const answers: boolean[] = [];
    void egress.ask().then((answered) => answers.push(answered));
    await tick();
    expect([child().sent.at(-1), answers]).toEqual([{ kind: 'ask', id: 1 }, []]);
    child().say({ kind: 'answer', id: 1 });
    void egress.ask().then((answered) => answers.push(answered));
    child().exit(1);
    await machine.advance(1000);
    expect(answers).toEqual([true, false]);
  });

  test('runs as its own user, with no capability, on sockets it did not bind', () => {
    const { child } = setUp();
    const argv = child().spec.argv.join(' ');
    expect(argv).toContain('--reuid=65053 --regid=65053 --clear-groups');
    expect(argv).toContain('--bounding-set=-all --no-new-privs');
    expect(child().spec).toMatchObject({ descriptors: [10, 11, 12, 13], channel: true });
  });

  test('is configured before anything else, and again after each restart', async () => {
    const { machine, child, reports } = setUp();
    child().say({ kind: 'ready' });
    child().exit(1);
    await machine.advance(200);
    expect(machine.children).toHaveLength(2);
    expect(child().sent[0]).toMatchObject({ kind: 'configure', upstreams: ['192.0.2.53'] });
    child().say({ kind: 'ready' });
    expect(reports).toEqual([
      { running: true, restarts: 0 },
      { running: false, restarts: 0 },
      { running: true, restarts: 1 },
    ]);
  });

  test('has the operator told, and says when there is nothing left to tell', async () => {
    const { machine, egress, child, events } = setUp();
    egress.tell('saved');
    expect(child().sent.at(-1)).toEqual({ kind: 'tell', word: 'saved' });
    const flushed = egress.flush(3000);
    expect(child().sent.at(-1)).toEqual({ kind: 'flush', id: 1 });
    child().say({ kind: 'flushed', id: 1 });
    await flushed;
    const silent = egress.flush(3000);
    await machine.advance(3000);
    await silent;
    child().say({ kind: 'troubled', what: 'notify', reason: 'status-503' });
    await tick();
    expect(events.at(-1)).toEqual(['notify.failed', { reason: 'status-503' }]);
  });

  test('that ends has nothing left to tell, and nobody waits for it', async () => {
    const { egress, child } = setUp();
    const flushed = egress.flush(3000);
    child().exit(1);
    await flushed;
  });

  test('that answers an older question does not end a newer one', async () => {
    const { egress, child } = setUp();
    const over: string[] = [];
    void egress.flush(3000).then(() => over.push('first'));
    void egress.flush(3000).then(() => over.push('second'));
    child().say({ kind: 'flushed', id: 2 });
    await tick();
    expect(over).toEqual(['second']);
  });

  test('tells each who asks of names what became of his, and of no others', () => {
    const { egress, child } = setUp();
    const heard: string[] = [];
    egress.refresh(['a.example', 'b.example'], (name, trouble) =>
      heard.push(`first ${name} ${trouble?.why}`),
    );
    egress.refresh(['a.example'], (name, trouble) => heard.push(`second ${name} ${trouble?.why}`));
    const [first, second] = child().sent.slice(-2) as { id: number }[];
    const say = (id: number | undefined, name: string, why: string | null) =>
      child().say({ kind: 'resolved', id, name, trouble: why === null ? null : { why, address: null } });
    say(second?.id, 'a.example', 'no-such-name');
    say(second?.id, 'b.example', null);
    say(first?.id, 'a.example', null);
    say(first?.id, 'a.example', null);
    say(99, 'b.example', null);
    expect(heard).toEqual(['second a.example no-such-name', 'first a.example undefined']);
  });

  test('that ends amid a refresh leaves to the next what it has not told', async () => {
    const { machine, egress, child } = setUp();
    const heard: string[] = [];
    egress.refresh(['a.example', 'b.example'], (name) => heard.push(name));
    const { id } = child().sent.at(-1) as { id: number };
    child().say({ kind: 'resolved', id, name: 'a.example', trouble: null });
    child().exit(1);
    await machine.advance(200);
    // As init does once the new one runs, for all names of the list.
    egress.refresh(['a.example', 'b.example'], () => {});
    expect(child().sent.slice(0, 2)).toEqual([
      expect.objectContaining({ kind: 'configure' }),
      { kind: 'resolve', id, names: ['b.example'], probed: [] },
    ]);
    child().say({ kind: 'resolved', id, name: 'b.example', trouble: null });
    expect(heard).toEqual(['a.example', 'b.example']);
  });

  test('that never answers is not remembered for ever', async () => {
    const { machine, egress, child } = setUp();
    for (let round = 0; round < 20; round++) egress.refresh(['a.example'], () => {});
    child().exit(1);
    await machine.advance(200);
    expect(child().sent.filter((message) => (message as { kind: string }).kind === 'resolve')).toHaveLength(
      8,
    );
  });

  test('is told when the firewall has what it asked for', async () => {
    const { child, pinned } = setUp();
    child().say({ kind: 'pin', id: 5, name: 'github.com', port: 443, addresses: ['203.0.113.1'], ttl: 60 });
    await tick();
    expect(pinned).toEqual([
      expect.objectContaining({ name: 'github.com', addresses: ['203.0.113.1'], ttl: 60 }),
    ]);
    expect(child().sent.at(-1)).toEqual({ kind: 'pinned', id: 5, failure: null });
  });

  test('is told why not, where the firewall refused', async () => {
    const { child, firewall } = setUp();
    firewall.failure = new Error('a pin was asked for a name that is not allowed');
    child().say({ kind: 'pin', id: 6, name: 'evil.test', port: 443, addresses: ['203.0.113.1'], ttl: 60 });
    await tick();
    expect(child().sent.at(-1)).toEqual({ kind: 'pinned', id: 6, failure: firewall.failure.message });
  });

  test.each([
    null,
    'pin',
    { kind: 'pin' },
    { kind: 'pin', id: 1, name: 'x', addresses: 'y', ttl: 1 },
    { kind: 'shell', run: 'sh' },
  ])('once taken over is not heard when it says %j', async (message) => {
    const { child, pinned, events } = setUp();
    const before = child().sent.length;
    child().say(message);
    await tick();
    expect([pinned, events, child().sent.length]).toEqual([[], [], before]);
  });

  test('has what was refused and what failed told', () => {
    const { child, reported } = setUp();
    const refusal = { via: 'dns', reason: 'name-not-allowed', name: 'evil.test', address: null, port: null };
    const report = {
      kind: 'report',
      refusals: [{ ...refusal, count: 3 }],
      failures: [],
      more: { refusals: 2, failures: 0 },
    };
    child().say(report);
    expect(reported).toEqual([report]);
  });

  test('that starts again gets the list of that moment', async () => {
    const { machine, egress, child, list } = setUp();
    egress.setList({ rules: [], denied: [] });
    expect(child().sent.at(-1)).toEqual({ kind: 'rules', rules: [], denied: [] });
    list.denied.push({ name: 'evil.test', wildcard: false, port: null });
    child().exit(1);
    await machine.advance(200);
    expect(child().sent[0]).toMatchObject({ kind: 'configure', denied: list.denied });
  });

  test('cannot flood the log with one line', () => {
    const { child, events } = setUp();
    const { output } = child().spec;
    if (typeof output === 'function') output('x'.repeat(10_000));
    expect(JSON.stringify(events).length).toBeLessThan(600);
  });
});
