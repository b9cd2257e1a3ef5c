import { describe, expect, test } from 'vitest';
import { attackedPromises, standingPromise as standing } from '../../../src/checks/attacked-promises.ts';
import type { Finding } from '../../../src/checks/protocol.ts';
import { attackBox, runSelfTest } from '../../../src/checks/self-test.ts';
import type { StepTools } from '../../../src/core/step-tools.ts';
import { FakeMachine } from '../../../src/host/fake-host.ts';
import type { Command } from '../../../src/host/host.ts';
import type { Handover } from '../../../src/state/handover.ts';
import { standingFirewall } from '../../boot/machine.ts';

const counted = 'an address outside the list is refused at once over IPv4';
const holds = (promise: string): Finding => ({ promise, verdict: 'holds', detail: 'ECONNREFUSED' });

/** Every promise that a row says nothing of holds. */
const whole = (findings: readonly Finding[]): Finding[] => [
  ...findings,
  ...attackedPromises
    .filter((promise) => !findings.some((finding) => finding.promise === promise))
    .map((promise) => ({ promise, verdict: 'holds' as const, detail: '' })),
];

/** @param packets what the firewall has counted after the attacks; before them it was 10. */
function setUp(findings: readonly Finding[], packets = 12, firewall = standingFirewall) {
  const machine = new FakeMachine();
  machine.prepare(/verify --inside$/, { stdout: JSON.stringify(whole(findings)) });
  machine.prepare(/-S$/, firewall);
  let reads = 0;
  machine.prepare(/-nvxL CLOISTER-REFUSE$/, () => {
    reads += 1;
    return { stdout: `Chain\n pkts\n ${reads === 1 ? 10 : packets} 0 CLOISTER-LOGGED\n 0 0\n` };
  });
  const handover = {
    backend: 'nft',
    environment: { ipv6: false, agent: { uid: 1000, gid: 1000 } },
  } as unknown as Handover;
  const said: string[] = [];
  const tools: StepTools = {
    undo: () => {},
    say: (text) => said.push(text),
    warn: (text) => said.push(`warning: ${text}`),
    assertGoing: () => {},
  };
  const host = machine.program();
  return { said, attack: () => attackBox(host, handover), prove: () => runSelfTest(host, handover, tools) };
}

describe('the self-test', () => {
  test('says how many promises hold', async () => {
    const { prove, said } = setUp([holds(counted), holds('the agent is no root')]);
    await prove();
    expect(said).toEqual([`${attackedPromises.length + 1} promises hold`]);
  });

  test('stops the boot when an attack succeeded, whatever else holds', async () => {
    const broken: Finding = { promise: 'the agent is no root', verdict: 'broken', detail: 'uids 0' };
    await expect(setUp([holds(counted), broken]).prove()).rejects.toThrow('the agent is no root (uids 0)');
  });

  test('stops the boot when a promise could not be told, and nobody has said why that may be', async () => {
    const open: Finding = { promise: 'the agent is no root', verdict: 'unknown', detail: 'EIO' };
    await expect(setUp([open]).prove()).rejects.toThrow('could not prove');
  });

  test('goes on when only the outside is down, and says so', async () => {
    const down: Finding = { promise: 'an allowed name is reached', verdict: 'unknown', detail: 'ESERVFAIL' };
    const { prove, said } = setUp([holds(counted), down]);
    await prove();
    expect(said).toEqual([
      `warning: ${attackedPromises.length} promises hold; not to be told: an allowed name is reached (ESERVFAIL)`,
    ]);
  });

  test('believes no refusal that the firewall has not counted', async () => {
    const { attack, prove } = setUp([holds(counted), holds('the agent is no root')], 10);
    const findings = await attack();
    expect([...findings.slice(0, 2), findings.at(-1)]).toEqual([
      { promise: counted, verdict: 'unknown', detail: 'the firewall counted 0 refusals' },
      holds('the agent is no root'),
      { promise: standing, verdict: 'holds', detail: '' },
    ]);
    await expect(prove()).rejects.toThrow('could not prove');
  });

  test('stops the boot when the kernel has lost a part of the firewall that no attack from inside can reach', async () => {
    const open = (command: Command) => {
      const { stdout = '' } = standingFirewall(command);
      return { stdout: stdout.replace('-P INPUT DROP', '-P INPUT ACCEPT') };
    };
    await expect(setUp([holds(counted)], 12, open).prove()).rejects.toThrow('INPUT does not drop by default');
  });
});
