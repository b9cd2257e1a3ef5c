import Packet from 'dns2/packet';
import { makeResolver } from '../../src/network/resolver/resolver.ts';
import type { ReplyWith, Resolver } from '../../src/network/resolver/resolver-parts.ts';
import { parseUpstreamAnswer, renderUpstreamQuery } from '../../src/network/upstream/upstream-message.ts';
import { makeAllowlist } from '../../src/policy/allowlist.ts';
import { parseRules } from '../../src/policy/parse-rules.ts';
import { query, types, upstream } from '../unit/network/resolver/dns.ts';

const names = [
  'allowed.test',
  'AlLoWeD.tEsT',
  'below.wild.test',
  'a.evil.test',
  'allowed.test.evil.test',
  'test',
];
/** Milliseconds that no message may cost. */
const deadline = 1000;
/** Inputs after which the world begins anew: finished answers must not hide what comes later. */
const life = 2000;

const allowlist = makeAllowlist(parseRules('allowed.test\n*.wild.test', 'fuzz').rules);
const sent = renderUpstreamQuery(9, 'allowed.test');
let resolver = makeWorld();
let inputs = 0;

/** What an agent may send to the resolver, and what may come back in the upstream's place. */
export const dnsMessage = {
  name: 'DNS message',
  seeds: [
    ...names.flatMap((name) =>
      Object.values(types).flatMap((type) => [query(name, type), query(name, type, { edns: 1232 })]),
    ),
    upstream('allowed.test', [
      { name: 'allowed.test', type: types.CNAME, domain: 'cdn.test' },
      { name: 'cdn.test', type: types.A, address: '203.0.113.1' },
    ]),
    upstream('allowed.test', [], { rcode: 3 }),
  ],
  /**
   * Throws where the resolver does something wrong; what is answered late and wrong is an unhandled
   * rejection.
   */
  check(bytes: Buffer): void {
    inputs += 1;
    if (inputs % life === 0) resolver = makeWorld();
    const start = performance.now();
    for (const over of ['datagram', 'stream'] as const) {
      const reply = resolver.answer(Buffer.from(bytes), over);
      if (reply instanceof Promise) void reply.then((late) => assertSound(bytes, late));
      else assertSound(bytes, reply);
      parseUpstreamAnswer(bytes, sent, over);
    }
    const took = performance.now() - start;
    if (took > deadline) throw new Error(`a message of ${bytes.length} octets took ${took} ms`);
  },
};

function makeWorld(): Resolver {
  return makeResolver({
    allowlist: () => allowlist,
    ask: async (name) => {
      if (!isAllowed(name)) throw new Error(`asked upstream for ${name}`);
      return { rcode: 0, addresses: ['203.0.113.1'], ttl: 60 };
    },
    mayDial: () => true,
    learned: (name) => {
      if (!isAllowed(name)) throw new Error(`opened the firewall for ${name}`);
    },
    refused: () => {},
    failed: ({ detail }) => {
      throw new Error(detail);
    },
    now: () => inputs,
  });
}

/** Not what the allowlist says: a second opinion. */
function isAllowed(name: string): boolean {
  return name === 'allowed.test' || /^[a-z0-9_-]+(\.[a-z0-9_-]+)*\.wild\.test$/.test(name);
}

function assertSound(bytes: Buffer, reply: ReplyWith): void {
  if (reply === null) return;
  if (((bytes[2] ?? 0x80) & 0x80) !== 0) throw new Error('an answer was answered');
  const message = Packet.parse(reply);
  const { header, questions, answers, errors } = message;
  if (errors.length > 0) throw new Error(`the answer can't be read: ${errors[0]?.message}`);
  if (header.qr !== 1 || header.id !== bytes.readUInt16BE(0))
    throw new Error('the answer is for somebody else');
  const name = questions[0]?.name.toLowerCase() ?? '';
  if (answers.length > 0 && !isAllowed(name)) throw new Error(`${JSON.stringify(name)} was answered`);
}
