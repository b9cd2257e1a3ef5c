// What the bench does inside a container.  Usage: client.ts VERB HOST PORT NAME COUNT MORE   Prints one JSON value.
import { createSocket } from 'node:dgram';
import { Agent, get } from 'node:https';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { median } from '../row.ts';
import { makeHello, renderWish } from './hello.ts';

const [verb = '', host = '', port = '0', name = '', count = '0', more = '0'] = process.argv.slice(2);
const target = { host, port: Number(port) };
const times = Number(count);
const hello = await makeHello(name);
const octet = Buffer.from('x');
let toured = 0;
/** Made before the clock runs. */
const hellos = verb === 'tour' ? await makeHellos() : [];
/** Milliseconds after which a wait has failed: nothing here may hang. */
const patience = 10_000;
/** The first octet of a TLS alert. */
const alertType = 21;
/** Milliseconds between two connections. */
const pause = 2;
/** Every transfer reads into one buffer: the reader must not be what is measured. */
const buffer = Buffer.allocUnsafeSlow(1_048_576);

const verbs: Readonly<Record<string, () => Promise<unknown>>> = {
  pull: () => timed(() => inParallel(times, times, () => pull(Number(more)))),
  shake: () => inTurn(shake),
  reach: () => inTurn(reach),
  tour: () => inTurn(tour),
  refuse: () => inTurn(refuse),
  knock: () => inTurn(knock),
  echo,
  burst: () => timed(burst),
  crowd: () => timed(() => inParallel(times, Number(more), (index) => visit(index % 2 === 0))),
  query: () => timed(query),
};
const work = verbs[verb];
if (work === undefined) throw new Error(`there is no verb ${verb}`);
process.stdout.write(`${JSON.stringify(await work())}\n`);
process.exit(0);

/** @returns the milliseconds it took. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** @returns the milliseconds of each. What one leaves behind has its time to end before the next begins. */
async function inTurn(work: () => Promise<Socket | null>): Promise<number[]> {
  const found: number[] = [];
  while (found.length < times) {
    const start = performance.now();
    const socket = await work();
    found.push(performance.now() - start);
    socket?.resume().end();
    await sleep(pause);
    socket?.destroy();
  }
  return found;
}

async function inParallel(total: number, width: number, work: (index: number) => Promise<unknown>) {
  let next = 0;
  const worker = async () => {
    while (next < total) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(width, total) }, worker));
}

function pull(octets: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = octets;
    const callback = (length: number) => {
      left -= length;
      return true;
    };
    const socket = connect({ ...target, noDelay: true, onread: { buffer, callback } });
    socket.on('error', reject);
    socket.on('close', () => (left === 0 ? resolve() : reject(new Error(`${left} octets are missing`))));
    socket.write(Buffer.concat([hello, renderWish(octets)]));
  });
}

async function shake(): Promise<Socket> {
  const socket = connectTls({ ...target, servername: name, rejectUnauthorized: false });
  await heard(socket, 'secureConnect');
  return socket;
}

/** Waits for an event.  Rejects when the socket fails or closes before, or after `patience`. */
function heard(socket: Socket, event: string): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const end = (error: Error | null, values: unknown[] = []) => {
      clearTimeout(timer);
      socket.off(event, good).off('close', closed);
      if (error === null) return resolve(values);
      socket.destroy();
      reject(error);
    };
    const good = (...values: unknown[]) => end(null, values);
    const closed = () => end(new Error(`${name} closed before '${event}'`));
    const timer = setTimeout(() => end(new Error(`${name}: no '${event}' in time`)), patience);
    socket.on('error', end).once(event, good).once('close', closed);
  });
}

/** Dials, says its hello and waits for the first octet of the server's. */
async function reach(): Promise<Socket> {
  return ask(hello);
}

async function ask(first: Buffer): Promise<Socket> {
  const socket = connect({ ...target, noDelay: true });
  socket.write(Buffer.concat([first, renderWish(1)]));
  const [answer] = (await heard(socket, 'data')) as [Buffer];
  if (answer[0] === alertType) throw new Error('what came is an alert');
  return socket;
}

/** As reach, with another name every time: its number takes the place of the percent sign. */
async function tour(): Promise<Socket> {
  return ask(hellos[toured++] ?? hello);
}

async function makeHellos(): Promise<Buffer[]> {
  const found: Buffer[] = [];
  while (found.length < times) found.push(await makeHello(name.replace('%', `${found.length}`)));
  return found;
}

async function visit(isReset: boolean): Promise<void> {
  const socket = await reach();
  if (isReset) return void socket.resetAndDestroy();
  socket.resume().end();
  if (!socket.closed) await heard(socket, 'close');
}

/** Dials, says its hello and waits for the alert. */
async function refuse(): Promise<null> {
  const socket = connect({ ...target, noDelay: true });
  socket.write(hello);
  const [alert] = (await heard(socket, 'data')) as [Buffer];
  socket.resetAndDestroy();
  if (alert[0] !== alertType) throw new Error('what came is no alert');
  return null;
}

/** Dials where the firewall refuses. */
async function knock(): Promise<null> {
  const outcome = await new Promise<string>((resolve) => {
    const socket: Socket = connect(target);
    socket.on('connect', () => resolve('a connection'));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    socket.setTimeout(patience, () => resolve('silence'));
  });
  if (outcome !== 'ECONNREFUSED') throw new Error(`the firewall should have reset it: ${outcome}`);
  return null;
}

/**
 * @returns the microseconds of a round trip over one connection that stands, at the median: in the mean of them all would
 * be every wait for the processor, of thousands of them.
 */
async function echo(): Promise<number> {
  const socket = connect({ ...target, noDelay: true });
  socket.write(Buffer.concat([hello, renderWish(0)]));
  await heard(socket, 'connect');
  const trip = () =>
    new Promise<void>((resolve) => {
      socket.once('data', () => resolve());
      socket.write(octet);
    });
  for (let warm = 0; warm < 500; warm++) await trip();
  const found: number[] = [];
  while (found.length < times) found.push((await timed(trip)) * 1000);
  return median(found);
}

/** One request a connection, as many at once as `more` says. */
async function burst(): Promise<void> {
  const agent = new Agent({ keepAlive: false, maxSockets: Number(more), maxCachedSessions: 0 });
  const options = { ...target, agent, servername: name, rejectUnauthorized: false, headers: { host: name } };
  const ask = () =>
    new Promise<void>((resolve, reject) => {
      get({ ...options, path: '/blob' }, (answer) => answer.resume().on('end', resolve)).on('error', reject);
    });
  await inParallel(times, Number(more), ask);
}

/** Asks for one name and for as many denied ones, `more` queries at a time. */
async function query(): Promise<void> {
  const socket = createSocket('udp4');
  let answered = 0;
  let asked = 0;
  const done = Promise.withResolvers<void>();
  const ask = () => {
    if (asked === times) return;
    asked += 1;
    socket.send(
      renderQuery(asked, asked % 2 === 0 ? name : `n${asked}.denied.test`),
      target.port,
      target.host,
    );
  };
  socket.on('message', () => {
    answered += 1;
    last = performance.now();
    if (answered === times) done.resolve();
    else ask();
  });
  let last = performance.now();
  // A datagram may be lost: the next one is asked in its place.
  const watch = setInterval(() => {
    if (performance.now() - last < 200) return;
    if (asked === times) done.resolve();
    for (let left = Number(more); left > 0; left--) ask();
  }, 100);
  for (let left = Number(more); left > 0; left--) ask();
  await done.promise;
  clearInterval(watch);
}

function renderQuery(id: number, asked: string): Buffer {
  const labels = asked
    .split('.')
    .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  const head = Buffer.from([(id >> 8) & 255, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([head, ...labels, Buffer.from([0, 0, 1, 0, 1])]);
}
