import { describe, expect, test } from 'vitest';
import { attackedPromises, standingPromise } from '../../../../src/checks/attacked-promises.ts';
import type { Finding } from '../../../../src/checks/protocol.ts';
import { attackBox } from '../../../../src/checks/self-test.ts';
import { promises } from '../../../../src/checks/verify/promises.ts';
import { verify } from '../../../../src/checks/verify/verify.ts';
import { makeControl } from '../../../../src/control/control-socket.ts';
import type { Log } from '../../../../src/core/log.ts';
import { Paths } from '../../../../src/core/paths.ts';
import { CommandError } from '../../../../src/host/command-error.ts';
import { type Answer, FakeMachine } from '../../../../src/host/fake-host.ts';
import type { PolicyStore } from '../../../../src/init/policy-store.ts';
import type { Handover } from '../../../../src/state/handover.ts';
import { standingFirewall } from '../../../boot/machine.ts';

const log: Log = { event: () => {}, hide: () => {}, redact: (text) => text };
const holding = attackedPromises.map((promise): Finding => ({ promise, verdict: 'holds', detail: '' }));
const text = (findings: readonly Finding[]) => ({ stdout: `${JSON.stringify(findings)}\n` });
const ended = (how: string, code = 137, stderr = '') =>
  new CommandError({ argv: ['/usr/bin/choom'] }, { code, stdout: '', stderr }, how);
const but = (verdict: Finding['verdict'], promise: string, detail = '') =>
  holding.map((finding) => (finding.promise === promise ? { promise, verdict, detail } : finding));

/** @param attack what comes of the attack as the agent.  @param options.init nobody listens where it is false. */
function setUp(attack: Answer, { init = true, uid = 0 } = {}) {
  const machine = new FakeMachine();
  machine.prepare(/verify --inside$/, attack);
  machine.prepare(/-S$/, standingFirewall);
  machine.prepare(/-nvxL CLOISTER-REFUSE$/, { stdout: 'Chain\n pkts\n 1 0 CLOISTER-LOGGED\n 0 0\n' });
  const environment = { ipv6: false, agent: { uid: 1000, gid: 1000 } };
  const handover = { backend: 'nft', byAddress: false, environment } as unknown as Handover;
  const box = machine.program();
  const control = makeControl({
    book: {} as PolicyStore,
    log,
    attack: () => attackBox(box, handover),
    findGaps: async () => [],
  });
  if (init) box.serve(Paths.control, control);
  return async (json = false) => {
    machine.printed.length = 0;
    const code = await verify(machine.program({ uid }), { json, inside: false });
    return { code, out: machine.printed.join('') };
  };
}

test('the list of promises is the list of attacks', () => {
  expect(Object.keys(promises)).toEqual(attackedPromises);
});

test('a box that was attacked in vain, and whose firewall stands, is told so with 0', async () => {
  const run = setUp(text(holding));
  const { code, out } = await run();
  expect([code, out.split('\n').filter((line) => line.startsWith('holds '))]).toEqual([
    0,
    expect.objectContaining({ length: attackedPromises.length + 1 }),
  ]);
});

test('the outside that is down alone weakens nothing', async () => {
  expect((await setUp(text(but('unknown', 'an allowed name is reached', 'ESERVFAIL')))()).code).toBe(0);
});

describe('what hinders the attack ends with 70 and one sentence, whether init runs it or nobody answers', () => {
  const rows: [string, Answer, string][] = [
    [
      'a stop (SIGSTOP)',
      ended('took too long'),
      'the attack from inside took too long, so it proves nothing',
    ],
    ['a kill (SIGKILL, or a lack of memory)', ended('was ended by SIGKILL'), 'was ended by SIGKILL'],
    ['an end (SIGTERM)', ended('was ended by SIGTERM', 143), 'was ended by SIGTERM'],
    [
      'a fault of its own',
      ended('exited with 1', 1, 'Error: x\n    at main (file.js:1:2)\n'),
      'exited with 1',
    ],
    ['no start', ended('could not start (EAGAIN)', 128), 'could not start (EAGAIN)'],
    ['silence', { stdout: '' }, 'printed nothing'],
    ['an answer cut short', { stdout: text(holding).stdout.slice(0, 700) }, 'no whole list of findings'],
    ['an answer twice', { stdout: text(holding).stdout.repeat(2) }, 'no whole list of findings'],
    ['an answer of another kind', { stdout: '{"verdict":"holds"}' }, 'no whole list of findings'],
    [
      'a finding of another kind',
      { stdout: '[{"promise":"x","verdict":"fine","detail":""}]' },
      'no whole list',
    ],
  ];

  test.each(rows)('%s', async (_, attack, sentence) => {
    for (const init of [true, false]) {
      const run = setUp(attack, { init });
      const { code, out } = await run();
      expect([code, out]).toEqual([70, expect.stringContaining(sentence)]);
      expect(out).toMatch(/^not tried: .*\n$/);
      expect(out).not.toContain('    at ');
      const { code: same, out: list } = await run(true);
      const findings = JSON.parse(list) as Finding[];
      expect([same, findings.map(({ promise }) => promise)]).toEqual([
        70,
        [...attackedPromises, standingPromise],
      ]);
      expect(
        findings.every(({ verdict, detail }) => verdict === 'not tried' && detail.includes(sentence)),
      ).toBe(true);
    }
  });
});

describe('a promise that nobody attacked is said to be, and never ends with 0', () => {
  test.each([
    ['one the list leaves out', holding.slice(1), 'the agent is no root (no finding came of it)'],
    ['all of them', [], 'an allowed name is reached (no finding came of it)'],
    [
      'one without descriptors',
      but('not tried', 'the agent is no root', 'EMFILE'),
      'the agent is no root (EMFILE)',
    ],
    [
      'one without memory',
      but('not tried', 'the agent is no root', 'ENOMEM'),
      'the agent is no root (ENOMEM)',
    ],
    [
      'one without a way out',
      but('not tried', 'a denied name does not resolve', 'ENETUNREACH'),
      'a denied name does not resolve (ENETUNREACH)',
    ],
    [
      'one that may stay unknown',
      but('not tried', 'an allowed name is reached', 'EMFILE'),
      'an allowed name is reached (EMFILE)',
    ],
  ])('%s', async (_, findings, line) => {
    const { code, out } = await setUp(text(findings))();
    expect([code, out]).toEqual([70, expect.stringContaining(`not tried ${line}\n`)]);
  });

  test('without init the firewall itself: nobody else can ask the kernel', async () => {
    const { code, out } = await setUp(text(holding), { init: false })();
    expect([code, out]).toEqual([
      70,
      expect.stringContaining(`not tried ${standingPromise} (init does not answer`),
    ]);
    expect(out).toContain('holds     the agent is no root\n');
  });
});

test.each(['EIO', ''])('what was tried and proved nothing (%s) ends with 70 as well', async (detail) => {
  expect((await setUp(text(but('unknown', 'the agent is no root', detail)))()).code).toBe(70);
});
