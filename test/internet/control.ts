// The control API: what a test asks and changes while the internet runs. Over a unix socket inside the
// container, so that nothing on the network can reach it.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AnthropicRequest } from './anthropic.ts';
import type { Sighting } from './canary.ts';
import { type Counters, readCounters, subtractCounters } from './counters.ts';
import type { DnsQuery } from './dns.ts';
import type { GithubRequest } from './github.ts';
import type { Journal } from './journal.ts';
import type { LargeFiles } from './lfs.ts';
import type { PullRequest } from './pull-requests.ts';
import type { Manner, Received } from './receiver.ts';
import type { Hindrance, NewRepository, Repositories } from './repositories.ts';
import { parseScript, type Script } from './script.ts';
import {
  answerAllowed,
  answerFiles,
  type Handler,
  readBody,
  sendJson,
  type WebRequest,
  type WireStart,
} from './web.ts';
import type { Zone } from './zone.ts';
import { parseZoneEntry } from './zone-entry.ts';

/** Everything a test can see or change. */
export interface World {
  zone: Zone;
  hosts: Map<string, Handler>;
  repositories: Repositories;
  large: LargeFiles;
  script: Script;
  dns: Journal<DnsQuery>;
  sightings: Journal<Sighting>;
  countersBefore: Counters;
  anthropic: Journal<AnthropicRequest>;
  github: Journal<GithubRequest>;
  pulls: Journal<PullRequest>;
  web: Journal<WebRequest>;
  wire: Journal<WireStart>;
  received: Journal<Received>;
  manner: Manner;
}

type Action = (world: World, name: string, body: unknown) => unknown | Promise<unknown>;

const actions: readonly (readonly [string, RegExp, Action])[] = [
  ['GET', /^\/health$/, () => ({ ok: true })],
  ['GET', /^\/dns\/log$/, ({ dns }) => dns.all()],
  ['DELETE', /^\/dns\/log$/, ({ dns }) => dns.clear()],
  ['GET', /^\/dns\/zone$/, ({ zone }) => zone.all()],
  ['DELETE', /^\/dns\/zone$/, ({ zone }) => zone.reset()],
  ['PUT', /^\/dns\/zone\/(.+)$/, ({ zone }, name, body) => zone.set(name, parseZoneEntry(body))],
  ['DELETE', /^\/dns\/zone\/(.+)$/, ({ zone }, name) => ({ removed: zone.remove(name) })],
  ['GET', /^\/canary$/, describeCanary],
  ['DELETE', /^\/canary$/, clearCanary],
  ['PUT', /^\/anthropic\/script$/, setScript],
  ['GET', /^\/anthropic\/log$/, ({ anthropic }) => anthropic.all()],
  ['DELETE', /^\/anthropic\/log$/, ({ anthropic }) => anthropic.clear()],
  ['GET', /^\/github\/log$/, ({ github }) => github.all()],
  ['DELETE', /^\/github\/log$/, ({ github }) => github.clear()],
  ['GET', /^\/github\/pulls$/, ({ pulls }) => pulls.all()],
  ['GET', /^\/github\/repos\/([\w-]+\/[\w.-]+)$/, ({ repositories }, name) => repositories.describe(name)],
  ['PUT', /^\/github\/repos\/([\w-]+\/[\w.-]+)$/, createRepository],
  ['PUT', /^\/github\/pushes\/([\w-]+\/[\w.-]+)$/, hinderPushes],
  ['PUT', /^\/web\/hosts\/(.+)$/, putHost],
  [
    'PUT',
    /^\/github\/large$/,
    ({ large }, _, body) => ({ pointer: large.add(String((body as { content?: unknown }).content)) }),
  ],
  ['GET', /^\/web\/log$/, ({ web }) => web.all()],
  ['DELETE', /^\/web\/log$/, ({ web }) => web.clear()],
  ['GET', /^\/received$/, ({ received }) => received.all()],
  ['DELETE', /^\/received$/, ({ received }) => received.clear()],
  ['PUT', /^\/received$/, setManner],
  ['GET', /^\/web\/wire$/, ({ wire }) => wire.all()],
  ['DELETE', /^\/web\/wire$/, ({ wire }) => wire.clear()],
];

export async function startControl(path: string, world: World): Promise<void> {
  const server = createServer((request, response) => {
    answer(request, response, world).catch((error) => sendJson(response, 400, { error: String(error) }));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
}

async function answer(request: IncomingMessage, response: ServerResponse, world: World): Promise<void> {
  const text = await readBody(request);
  for (const [method, path, act] of actions) {
    const match = path.exec(decodeURI(request.url ?? ''));
    if (method !== request.method || match === null) continue;
    const result = await act(world, match[1] ?? '', text === '' ? {} : JSON.parse(text));
    return sendJson(response, 200, result ?? { ok: true });
  }
  sendJson(response, 404, { error: `no such call: ${request.method} ${request.url}` });
}

async function describeCanary(world: World): Promise<unknown> {
  const counters = subtractCounters(await readCounters(), world.countersBefore);
  return { sightings: world.sightings.all(), counters };
}

async function clearCanary(world: World): Promise<void> {
  world.sightings.clear();
  world.countersBefore = await readCounters();
}

function putHost({ hosts }: World, name: string, body: unknown): void {
  const { files } = body as { files?: Record<string, string> };
  hosts.set(name, files === undefined ? answerAllowed : answerFiles(files));
}

function setManner(world: World, _name: string, body: unknown): void {
  const { status = 200, text = '' } = body as Partial<Manner>;
  world.manner = { status, text };
}

function setScript(world: World, _name: string, body: unknown): void {
  world.script = parseScript(body, world.script.id + 1);
}

async function createRepository(world: World, name: string, body: unknown): Promise<void> {
  await world.repositories.create(name, body as NewRepository);
}

async function hinderPushes(world: World, name: string, body: unknown): Promise<void> {
  await world.repositories.hinder(name, body as Hindrance);
}
