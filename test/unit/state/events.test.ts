import { expect, test } from 'vitest';
import { FakeMachine } from '../../../src/host/fake-host.ts';
import { openInitLog } from '../../../src/init/init-log.ts';
import { notifyOf } from '../../../src/init/notification-of.ts';
import { newState } from '../../../src/state/box-state.ts';
import { EventBus } from '../../../src/state/events.ts';
import { StateStore } from '../../../src/state/state-store.ts';

const start = { bootId: 'x', pid: 1, startTicks: '1', now: 0, uptime: 0 };
const news = { restarts: 3, lastCode: 1, failing: true };

async function openAt(level: string) {
  const machine = new FakeMachine();
  const host = machine.program();
  const { log, events } = await openInitLog(host, { level, format: 'json', beside: false });
  return { machine, host, log, events };
}

test('an event reaches those who listen for its kind, in the order in which they came, and nobody else', () => {
  const events = new EventBus();
  const heard: string[] = [];
  events.on('health', (now) => void heard.push(`first ${now}`));
  events.on('health', (now) => void heard.push(`second ${now}`));
  events.on('task', ({ code }) => void heard.push(`task ${code}`));
  events.emit('health', 'degraded');
  expect(heard).toEqual(['first degraded', 'second degraded']);
});

test('what happens to a child stands in the state before the state is told, and reaches the operator', async () => {
  const { host, log, events } = await openAt('fatal');
  const store = new StateStore({ host, log, events, state: newState(start) });
  const heard: unknown[] = [];
  notifyOf(events, (word) => heard.push(word));
  events.on('state', ({ children }) => void heard.push(children.agent));
  events.emit('child', { child: 'agent', what: 'failing', ...news });
  expect(heard).toEqual([news, 'restarts']);
  expect(store.state.children.agent).toEqual(news);
});

test('each event of the log is heard, also one too small to be printed, and no secret in it', async () => {
  const { machine, log, events } = await openAt('error');
  const heard: unknown[] = [];
  events.on('logged', (line) => void heard.push(line));
  log.hide(['very-secret-token']);
  log.event('info', 'clone.progress', { detail: 'with very-secret-token' });
  expect(heard).toEqual([{ level: 'info', event: 'clone.progress', fields: { detail: 'with [secret]' } }]);
  expect(machine.printed).toEqual([]);
});
