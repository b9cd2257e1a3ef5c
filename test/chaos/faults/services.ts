import { asRoot, type Fault, type Ground } from './fault.ts';

/** By which of pkill's flags each is found. */
const services: Readonly<Record<string, string>> = {
  egress: '-u 65053',
  'packet-log': '-u 65054',
  tmux: "-u $agent -x 'tmux: server'",
  claude: '-u $agent -x claude',
  'all of the agent': '-u $agent',
};

/** Seconds in which a service that is stopped again and again has been ended and begun anew. */
const held = 60;

export const serviceFaults: readonly Fault[] = [
  ...Object.entries(services).flatMap(([name, found]): Fault[] => [
    { kind: 'killed', name, stands: [1, 3], begin: asRoot(`pkill -KILL ${found}`) },
    { kind: 'stopped', name, stands: [5, 25], begin: asRoot(`pkill -STOP ${found}`) },
  ]),
  {
    kind: 'killed',
    name: 'egress and packet-log, again and again',
    stands: [6, 6],
    begin: asRoot('for n in {1..5}; do pkill -KILL -u 65053; pkill -KILL -u 65054; sleep 1; done; true'),
  },
  { kind: 'killed', name: 'half of the agent, at random', stands: [1, 3], begin: asRoot(halfOfTheAgent()) },
  ...['tmux', 'claude', 'egress'].map(
    (name): Fault => ({
      kind: 'stopped',
      name: `${name}, again and again`,
      stands: [held, held],
      begin: asRoot(stopAgain(services[name] ?? '')),
    }),
  ),
  {
    kind: 'stopped',
    name: 'egress and packet-log',
    stands: [5, 20],
    begin: asRoot('pkill -STOP -u 65053; pkill -STOP -u 65054'),
  },
  {
    kind: 'stopped',
    name: 'attached client',
    stands: [5, 15],
    begin: (ground) => onClient(ground, 'STOP'),
    end: leave,
  },
  {
    kind: 'killed',
    name: 'attached client',
    stands: [2, 4],
    begin: (ground) => onClient(ground, 'KILL'),
    end: leave,
  },
];

function halfOfTheAgent(): string {
  return 'for pid in $(pgrep -u $agent); do ((RANDOM % 2)) || kill -KILL $pid; done; true';
}

/** Until the one that is there now has ended. */
function stopAgain(found: string): string {
  const loop = `first=$(pgrep -o ${found}); for ((n = 0; n < ${held * 20}; n++)); do kill -STOP $first || break; sleep 0.05; done`;
  return `(${loop}) >/dev/null 2>&1 &`;
}

async function onClient({ box }: Ground, signal: string): Promise<void> {
  const operator = 'expect bypass permissions\nexpect never said';
  const command = `timeout -s KILL 40 python3 /fixtures/type.py 30 '${operator}' cloister attach >/dev/null 2>&1 &`;
  await box.root(command);
  await box.root(
    `for n in {1..50}; do pkill -${signal} -u ${box.parts.uid} -f '^/usr/bin/tmux .* attach-session' && break; sleep 0.2; done`,
  );
}

async function leave({ box }: Ground): Promise<void> {
  await box.root(
    `pkill -KILL -f [t]ype.py; pkill -KILL -u ${box.parts.uid} -f '^/usr/bin/tmux .* attach-session'`,
  );
}
