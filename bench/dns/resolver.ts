// The resolver as the egress process runs it, for the bench: on a port of loopback, without a firewall to open.
// Usage: resolver.mjs UPSTREAM_PORT RULES   RULES is a file in the form of domains.conf. Descriptor 3 is a
// bound UDP socket and 4 a TCP one: somebody else holds them, as init does.
import { readFileSync } from 'node:fs';
import { uptime } from '../../src/host/uptime.ts';
import { makeReports } from '../../src/network/refusal-reports.ts';
import { makeResolver } from '../../src/network/resolver/resolver.ts';
import { serve } from '../../src/network/resolver/serve.ts';
import { makeUpstream } from '../../src/network/upstream/upstream.ts';
import { makeAllowlist } from '../../src/policy/allowlist.ts';
import { parseRules } from '../../src/policy/parse-rules.ts';

const [upstreamPort, rules = ''] = process.argv.slice(2);
const allowlist = makeAllowlist(parseRules(readFileSync(rules, 'utf8'), rules).rules);
const reports = makeReports(() => {}, uptime);
const resolver = makeResolver({
  allowlist: () => allowlist,
  ask: makeUpstream(['127.0.0.1'], Number(upstreamPort)),
  mayDial: () => true,
  learned: () => {},
  refused: reports.refused,
  failed: reports.failed,
  now: uptime,
});
await serve(resolver, { descriptors: { udp: 3, tcp: 4 } });
