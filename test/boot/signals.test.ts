import { describe, expect, test } from 'vitest';
import { bootToReady, eventsOf, firstHalf, secondHalf, stateOf, until } from './drive.ts';
import { makeMachine } from './machine.ts';

/** For each step a sign that it has begun. */
const signs: Readonly<Record<string, RegExp>> = {
  environment: /^lock /,
  firewall: /iptables-nft-restore/,
  mounts: /^folder \/run\/cloister\/private/,
  'drop-privileges': /^release /,
  resolver: /^start .*egress$/,
  pins: /iptables-nft-restore/,
  'credential-files': /^write \/run\/cloister\/agent\/npmrc/,
  agent: /provision-home$/,
  'self-test': /verify --inside$/,
  repository: /git clone/,
  session: /new-session/,
};
const firstNames = ['environment', 'firewall', 'mounts', 'drop-privileges'];

describe('a signal during the boot', () => {
  test.each(
    Object.entries(signs).flatMap(([step, sign]) => [
      { step, sign, signal: 'SIGTERM' as const, code: 143 },
      { step, sign, signal: 'SIGINT' as const, code: 130 },
    ]),
  )('in step $step ends it with $code for $signal', async ({ step, sign, signal, code }) => {
    const machine = makeMachine();
    let armed = firstNames.includes(step);
    machine.watch((event) => {
      if (!armed || !sign.test(event)) return;
      armed = false;
      machine.signal(signal);
    });
    const first = await firstHalf(machine);
    if ('code' in first) expect(first.code).toBe(code);
    else {
      armed = true;
      expect(await secondHalf(machine, first)).toBe(code);
    }
    expect(eventsOf(machine)).toContainEqual(expect.objectContaining({ event: 'signal.received', signal }));
    expect(eventsOf(machine).some(({ event }) => event === 'boot.ready')).toBe(false);
    expect(machine.files.readIfAny('/run/cloister/ready')).toBeNull();
    expect(machine.children.every(({ ended }) => ended)).toBe(true);
    expect(machine.journal.at(-1)).toBe('end descendants');
  });

  test('in the very moment after the last step stops the box in order, with 143', async () => {
    const machine = makeMachine();
    const first = await firstHalf(machine);
    if (!('argv' in first)) throw new Error('no second half');
    machine.watch((event) => {
      if (event.startsWith('write /run/cloister/ready')) machine.signal('SIGTERM');
    });
    const code = await Promise.race([secondHalf(machine, first), late()]);
    expect(code).toBe(143);
    expect(eventsOf(machine).at(-1)).toMatchObject({ event: 'box.stopped' });
    expect(machine.children.every(({ ended }) => ended)).toBe(true);
  });

  test('SIGHUP, as a closed terminal sends it, ends nothing', async () => {
    const machine = makeMachine();
    await bootToReady(machine);
    machine.signal('SIGHUP');
    await until(machine, () => eventsOf(machine).at(-1)?.event === 'rules.changed');
    expect(eventsOf(machine).at(-2)).toMatchObject({ event: 'signal.received', signal: 'SIGHUP' });
    expect(eventsOf(machine).at(-1)).toMatchObject({ how: 'reload', added: [], removed: [] });
    expect(stateOf(machine)?.phase).toBe('ready');
  });

  function late(): Promise<number> {
    return new Promise((resolve) => void setTimeout(resolve, 2000, -1));
  }
});
