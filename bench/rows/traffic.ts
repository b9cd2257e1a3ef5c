import { packages as made } from '../proxy/packages.ts';
import { packages, type Rig, web, withRig } from '../proxy/rig.ts';
import { makeRow, median, type Row } from '../row.ts';

const rounds = 3;
const requests = 1000;
const width = 64;
const most = 1.1;
/** The files of a repository of middling size. */
const files = 1500;
const project = 'cloister-demo/project';

type Side = 'ours' | 'direct';

/** What a session does all day, in the box and beside it: one container without a firewall, on the same network. */
export default async function measureTraffic(): Promise<Row[]> {
  return withRig(async (rig) => {
    await rig.internet.put({ [`/github/repos/${project}`]: { files: makeFiles() } });
    return [
      await compare(rig, `${requests} requests, ${width} at once, each a new TLS connection`, burst),
      await compare(rig, `git clone of ${files} files`, clone),
      await compare(rig, `npm install of ${made} packages`, install),
      await compare(rig, '10 x gh api user', askGithub),
    ];
  });
}

/** In turns, so that a busy moment of the machine hits both alike. */
async function compare(
  rig: Rig,
  name: string,
  work: (rig: Rig, side: Side) => Promise<number>,
): Promise<Row> {
  const found: Record<Side, number[]> = { ours: [], direct: [] };
  await work(rig, 'ours');
  await work(rig, 'direct');
  for (let round = 0; round < rounds; round++)
    for (const side of ['direct', 'ours'] as const) found[side].push(await work(rig, side));
  const value = Math.round(median(found.ours));
  const peer = { name: 'outside the box', value: Math.round(median(found.direct)) };
  const note = `least: ${Math.round(Math.min(...found.ours))} beside ${Math.round(Math.min(...found.direct))} ms`;
  return makeRow({ name, value, unit: 'ms', peer, atMost: most, note });
}

async function burst(rig: Rig, side: Side): Promise<number> {
  return Number(await rig.run(side, { verb: 'burst', target: web, count: requests, more: width }));
}

async function clone(rig: Rig, side: Side): Promise<number> {
  return timeScript(
    rig,
    side,
    `rm -rf /tmp/clone; start; git clone --quiet https://github.com/${project} /tmp/clone; stop`,
  );
}

async function install(rig: Rig, side: Side): Promise<number> {
  const dependencies = Object.fromEntries(
    Array.from({ length: made }, (_, index) => [`package-${index}`, '1.0.0']),
  );
  const manifest = JSON.stringify({ name: 'bench', version: '1.0.0', dependencies });
  const flags = `--registry https://${packages.name}/ --strict-ssl=false --no-audit --no-fund --ignore-scripts`;
  return timeScript(
    rig,
    side,
    `rm -rf /tmp/project /tmp/npm-cache; mkdir /tmp/project; cd /tmp/project; echo '${manifest}' >package.json
    start; npm install --silent ${flags} --cache /tmp/npm-cache >/dev/null; stop`,
  );
}

async function askGithub(rig: Rig, side: Side): Promise<number> {
  return timeScript(rig, side, 'start; for i in 1 2 3 4 5 6 7 8 9 10; do gh api user >/dev/null; done; stop');
}

/** The proxy's container has none of the box's furniture: it is told whom to trust, and a token for gh. */
async function timeScript(rig: Rig, side: Side, script: string): Promise<number> {
  const helpers = 'start() { from=$(date +%s%N); }; stop() { echo $((($(date +%s%N) - from) / 1000)); }';
  const trust =
    'export GIT_SSL_CAINFO=/certs/ca.pem SSL_CERT_FILE=/certs/ca.pem NPM_CONFIG_CAFILE=/etc/ssl/certs/ca-certificates.crt';
  const outside = side === 'direct' ? `${trust} GH_TOKEN=ghp_fake_token_for_tests;` : '';
  return Number(await rig.command(side, ['bash', '-ec', `${helpers}; ${outside} ${script}`])) / 1000;
}

function makeFiles(): Record<string, string> {
  let seed = 1;
  const next = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed.toString(36);
  };
  const text = () => Array.from({ length: 900 }, next).join(' ');
  return Object.fromEntries(
    Array.from({ length: files }, (_, index) => [`src/${index % 40}/file-${index}.txt`, text()]),
  );
}
