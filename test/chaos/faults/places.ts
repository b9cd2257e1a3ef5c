import { asAgent, type Fault } from './fault.ts';

const places = { workspace: '/workspace', tmp: '/tmp', home: '/home/claude', 'shared memory': '/dev/shm' };
const all = Object.values(places).join(' ');

export const placeFaults: readonly Fault[] = [
  ...Object.entries({ ...places, 'every place': all }).flatMap(([name, where]): Fault[] => [
    { kind: 'full', name: `${name}, of octets`, stands: [5, 25], begin: octets(where), end: remove(where) },
    { kind: 'full', name: `${name}, of files`, stands: [5, 25], begin: files(where), end: remove(where) },
  ]),
  {
    kind: 'full',
    name: 'the folder of the socket',
    stands: [5, 20],
    begin: asAgent('head -c 1G /dev/zero >/run/cloister/session/filler; true'),
    end: asAgent('rm -f /run/cloister/session/filler'),
  },
];

function octets(where: string) {
  return asAgent(`for at in ${where}; do head -c 1G /dev/zero >$at/filler; done 2>/dev/null; true`);
}

function files(where: string) {
  const program = `
import os, sys
for at in sys.argv[1:]:
    try:
        os.makedirs(f"{at}/fillers", exist_ok=True)
        for n in range(10000): os.close(os.open(f"{at}/fillers/{n}", os.O_CREAT))
    except OSError: pass`;
  return asAgent(`python3 -c '${program}' ${where}`);
}

function remove(where: string) {
  return asAgent(`for at in ${where}; do rm -rf $at/filler $at/fillers; done`);
}
