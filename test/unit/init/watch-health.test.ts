import { expect, test } from 'vitest';
import { FakeMachine } from '../../../src/host/fake-host.ts';
import { notifyOf } from '../../../src/init/notification-of.ts';
import { watchHealth } from '../../../src/init/watch-health.ts';
import { EventBus } from '../../../src/state/events.ts';

const healthCommand = /^\/usr\/local\/bin\/cloister health --json$/;

function setUp() {
  const machine = new FakeMachine();
  const told: string[] = [];
  const box = { ready: true };
  const events = new EventBus();
  notifyOf(events, (word) => told.push(word));
  watchHealth({ host: machine.program(), events, isReady: () => box.ready });
  /** One look after another. */
  const look = async (...statuses: readonly string[]) => {
    for (const status of statuses) {
      const failure = Object.assign(new Error('exited'), { code: status === 'unhealthy' ? 70 : 137 });
      const good = status === 'healthy' || status === 'degraded';
      machine.prepare(healthCommand, good ? { stdout: JSON.stringify({ status }) } : failure);
      await machine.advance(30_000);
      await new Promise((resolve) => void setImmediate(resolve));
    }
  };
  return { told, look, box };
}

test('health that changes is told once two looks agree, and its recovery', async () => {
  const { told, look } = setUp();
  await look('healthy', 'healthy', 'degraded');
  expect(told).toEqual([]);
  await look('degraded', 'degraded', 'degraded');
  expect(told).toEqual(['degraded']);
  await look('unhealthy', 'unhealthy', 'healthy');
  expect(told).toEqual(['degraded', 'unhealthy']);
  await look('healthy', 'healthy');
  expect(told).toEqual(['degraded', 'unhealthy', 'recovered']);
});

test('a look that fails, and a health that comes and goes, are told by nobody', async () => {
  const { told, look } = setUp();
  await look('degraded', 'killed', 'degraded', 'healthy', 'degraded', 'healthy', 'killed', 'killed');
  expect(told).toEqual([]);
});

test('a box that stops is not called unhealthy', async () => {
  const { told, look, box } = setUp();
  await look('healthy', 'unhealthy');
  box.ready = false;
  await look('unhealthy', 'unhealthy', 'unhealthy');
  expect(told).toEqual([]);
});
