import { type ChildProcess, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dial } from '../../../../src/network/proxy/dial.ts';
import { home, listen } from './rig.ts';

const limits = { stagger: 100, dial: 500 };
/** An address where nobody listens, and one whose queue is full: its kernel answers nothing at all. */
const [dead, silent] = ['127.0.0.8', '127.0.0.10'];

describe('dialling', () => {
  let port = 0;
  let deaf: ChildProcess;

  beforeAll(async () => {
    deaf = spawn(process.execPath, ['-e', listenAndStand], { stdio: ['ignore', 'pipe', 'inherit'] });
    port = Number(await new Promise<Buffer>((resolve) => deaf.stdout?.once('data', resolve)));
    // Its one place and the one beside it.
    for (let i = 0; i < 4; i++)
      connect({ host: silent, port })
        .on('error', () => {})
        .unref();
    await new Promise((done) => setTimeout(done, 50));
  });
  afterAll(() => void deaf.kill('SIGKILL'));

  test('takes the first address that answers', async () => {
    await listen(home, () => {}, port);
    expect((await dial([home, dead], port, limits)).remoteAddress).toBe(home);
  });

  test('goes on at once when an address refuses', async () => {
    await listen(home, () => {}, port);
    const start = Date.now();
    expect((await dial([dead, home], port, limits)).remoteAddress).toBe(home);
    expect(Date.now() - start).toBeLessThan(limits.stagger);
  });

  test('goes on after a while when an address says nothing', async () => {
    await listen(home, () => {}, port);
    const start = Date.now();
    expect((await dial([silent, home], port, limits)).remoteAddress).toBe(home);
    expect(Date.now() - start).toBeGreaterThanOrEqual(limits.stagger - 5);
  });

  test('gives up after the time it has', async () => {
    await expect(dial([silent], port, limits)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  });

  test('fails with the last refusal where every address refuses', async () => {
    await expect(dial([dead, dead], port, limits)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('never asks the system what a name means', async () => {
    await expect(dial(['localhost', '::1'], port, limits)).rejects.toThrow('no IPv4 address');
  });
});

/** A server that never accepts: its only turn of the event loop does not end. */
const listenAndStand = `
  const server = require('node:net').createServer();
  server.listen({ host: '${silent}', port: 0, backlog: 1 }, () => {
    require('node:fs').writeSync(1, String(server.address().port));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
  });
`;
