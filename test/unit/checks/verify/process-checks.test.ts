import { expect, test } from 'vitest';
import { processChecks } from '../../../../src/checks/verify/process-checks.ts';
import { FakeMachine } from '../../../../src/host/fake-host.ts';

const promise = 'the files of other users’ processes are closed';

/** What the check says where this very process, whose files are open to us, has these owners one look after another. */
async function detailWith(owners: readonly number[]): Promise<string> {
  const machine = new FakeMachine();
  const host = machine.program({ uid: 1000 });
  const looks = [...owners];
  const files = {
    ...host.files,
    list: () => [`${process.pid}`],
    facts: () => ({ kind: 'folder', uid: looks.length > 1 ? looks.shift() : looks[0] }),
  };
  const verdict = await processChecks[promise]?.({ ...host, uid: 1000, files } as unknown as typeof host);
  return verdict?.detail ?? '';
}

test('an attack that succeeds on a process of another user breaks the promise', async () => {
  expect(await detailWith([0])).toContain(`${process.pid}/fd: the attempt succeeded`);
});

test('one that was root’s as it started and is the agent’s own by now breaks nothing', async () => {
  expect(await detailWith([0, 1000])).not.toContain(`${process.pid}/fd`);
});
