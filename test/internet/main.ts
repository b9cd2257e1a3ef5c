// The fake internet: one process that is every host a box may meet in a test. See README.md.
import { mkdir } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { type AddressPlan, listAddresses, planAddresses, type Service } from './addresses.ts';
import { takeAddresses } from './addressing.ts';
import { createAnthropic } from './anthropic.ts';
import { createAuthority } from './ca.ts';
import { watchTcp, watchUdp } from './canary.ts';
import { startControl, type World } from './control.ts';
import { readCounters, startPacketCounters } from './counters.ts';
import { serveDnsTcp, startDnsUdp } from './dns.ts';
import { type Serve, startFront } from './front.ts';
import { createGithub } from './github.ts';
import { createGithubApi } from './github-api.ts';
import { Journal } from './journal.ts';
import { LargeFiles } from './lfs.ts';
import { createReceiver } from './receiver.ts';
import { createRegistry } from './registry.ts';
import { Repositories } from './repositories.ts';
import { parseScript } from './script.ts';
import { helloProject } from './seed.ts';
import { answerAllowed, createWeb, type Handler } from './web.ts';
import { hostsOf, Zone } from './zone.ts';

const tcpPorts = [21, 22, 23, 25, 53, 80, 443, 465, 587, 853, 3128, 4317, 4318, 4433, 8000, 8080, 8443, 9418];
const publicResolvers = ['1.1.1.1', '8.8.8.8', '9.9.9.9'];

const subnet4 = process.env.SUBNET4 ?? '198.51.100.0/25';
const subnet6 = process.env.SUBNET6 || undefined;
const token = process.env.GH_TOKEN ?? 'ghp_fake_token_for_tests';
const folder = process.env.INTERNET_FOLDER ?? '/run/internet';

const plan = planAddresses(subnet4, subnet6);
await mkdir(`${folder}/git`, { recursive: true });
await takeAddresses(plan, { subnet4, ...(subnet6 === undefined ? {} : { subnet6 }) });
const world = await createWorld(plan);
const authority = await createAuthority(`${folder}/keys`, `${folder}/ca.pem`);
addHosts(world);
const { hosts, sightings, wire } = world;
const web = createWeb({ authority, hosts, requests: world.web, sightings, wire });
const dns = { zone: world.zone, journal: world.dns };
await startFront({ ports: tcpPorts, services: planServices(plan), otherwise: watch });
for (const address of listAddresses(plan, ['dns'])) await startDnsUdp(address, dns);
await watchUdp(listQuietAddresses(plan), world.sightings);
await startPacketCounters(plan, subnet4, subnet6);
world.countersBefore = await readCounters();
await startControl(`${folder}/control.sock`, world);
process.on('SIGTERM', () => process.exit(0));

async function createWorld(plan: AddressPlan): Promise<World> {
  const repositories = new Repositories(`${folder}/git`);
  await repositories.create('cloister-demo/hello', { files: helloProject });
  await repositories.create('cloister-demo/private', { files: helloProject, isPrivate: true });
  return {
    hosts: new Map(),
    zone: new Zone(plan),
    repositories,
    large: new LargeFiles(),
    script: parseScript({}, 0),
    dns: new Journal(),
    sightings: new Journal(),
    countersBefore: {},
    anthropic: new Journal(),
    github: new Journal(),
    pulls: new Journal(),
    web: new Journal(),
    wire: new Journal(),
    received: new Journal(),
    manner: { status: 200, text: '' },
  };
}

function addHosts({ hosts, repositories, large, github: journal, anthropic: answers }: World): void {
  const github = createGithub({ repositories, journal, token, large });
  const anthropic = createAnthropic({ journal: answers, script: () => world.script });
  const registry = createRegistry(token);
  const receiver = createReceiver(world.received, () => world.manner);
  const handlers: Partial<Record<Service, Handler>> = {
    github,
    anthropic,
    registry,
    receiver,
    allowed: answerAllowed,
  };
  for (const [service, handler] of Object.entries(handlers)) {
    for (const name of hostsOf[service as Service]) hosts.set(name, handler);
  }
  // Another forge, for who keeps his work elsewhere; it has no address until a test gives it one.
  hosts.set('git.forge.test', github);
  hosts.set('api.github.com', createGithubApi({ repositories, journal, token, pulls: world.pulls }));
}

function planServices(plan: AddressPlan): Map<string, Serve> {
  const hosting = listAddresses(plan, ['github', 'anthropic', 'registry', 'allowed', 'receiver']);
  return new Map([
    ...hosting.flatMap((address): [string, Serve][] => [
      [`${address} 80`, web.http],
      [`${address} 443`, web.https],
    ]),
    ...listAddresses(plan, ['allowed']).flatMap((address): [string, Serve][] => [
      [`${address} 8080`, web.http],
      [`${address} 8443`, web.https],
      [`${address} 22`, (socket) => socket.on('error', () => {}).end('SSH-2.0-allowed.test\r\n')],
    ]),
    ...listAddresses(plan, ['receiver']).map((address): [string, Serve] => [`${address} 4318`, web.http]),
    ...listAddresses(plan, ['dns']).map((address): [string, Serve] => [
      `${address} 53`,
      (socket) => serveDnsTcp(socket, dns),
    ]),
  ]);
}

/** The canary answers on the web's ports: a firewall that is off must show, or the test of it proves nothing. */
function watch(socket: Socket): void {
  const isTls = [443, 8443].includes(socket.localPort ?? 0);
  const isHttp = [80, 8080].includes(socket.localPort ?? 0);
  const serve = isTls ? web.https : isHttp ? web.http : (rest: Socket) => rest.resume();
  watchTcp(socket, world.sightings, serve);
}

function listQuietAddresses(plan: AddressPlan): string[] {
  const services = listAddresses(plan, [
    'router',
    'github',
    'anthropic',
    'registry',
    'canary',
    'allowed',
    'receiver',
  ]);
  const v6 = subnet6 === undefined ? [] : ['::'];
  return ['0.0.0.0', ...publicResolvers, ...v6, ...services];
}
