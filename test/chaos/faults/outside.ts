import { repository } from '../box.ts';
import { engine } from '../exec.ts';
import type { Fault, Ground } from './fault.ts';

const day = 86_400;
const years = 20 * 365 * day;
const names = ['github.com', 'api.github.com', 'api.anthropic.com', 'allowed.test', 'platform.claude.com'];

export const outsideFaults: readonly Fault[] = [
  resolver('dead', { drop: true }),
  resolver('failing', { rcode: 2 }),
  resolver('slow', { delayMs: 4000 }),
  resolver('lying about its ids', { lieAboutId: true }),
  {
    kind: 'remote',
    name: 'refuses pushes',
    stands: [10, 30],
    begin: pushes({ reject: 'refs/cloister' }),
    end: pushes({}),
    cutsRemote: true,
  },
  {
    kind: 'remote',
    name: 'takes its time',
    stands: [10, 30],
    begin: pushes({ delayMs: 7000 }),
    end: pushes({}),
  },
  {
    kind: 'remote',
    name: 'model overloaded',
    stands: [5, 20],
    begin: ({ internet }) =>
      internet.ask('PUT', '/anthropic/script', {
        turns: [],
        refuses: { status: 529, type: 'overloaded_error' },
      }),
    end: ({ internet }) => internet.ask('PUT', '/anthropic/script', { turns: [] }),
  },
  {
    kind: 'remote',
    name: 'unplugged',
    stands: [5, 25],
    begin: plug('disconnect'),
    end: plug('connect'),
    cutsRemote: true,
  },
  clock('a day ahead', [day]),
  clock('a day back', [-day]),
  clock('years ahead', [years]),
  clock('years back', [-years]),
  clock('to and fro', [day, -day, 0, 11 * day, -years]),
];

function resolver(name: string, entry: Readonly<Record<string, unknown>>): Fault {
  return {
    kind: 'resolver',
    name,
    stands: [8, 30],
    begin: async ({ internet }) => {
      const zone = (await internet.ask('GET', '/dns/zone')) as Record<string, object>;
      for (const host of names) await internet.ask('PUT', `/dns/zone/${host}`, { ...zone[host], ...entry });
    },
    end: ({ internet }) => internet.ask('DELETE', '/dns/zone'),
    cutsRemote: true,
  };
}

function pushes(how: object) {
  return ({ internet }: Ground) => internet.ask('PUT', `/github/pushes/${repository}`, how);
}

function plug(how: 'connect' | 'disconnect') {
  return ({ box, internet }: Ground) => engine(['network', how, internet.network, box.parts.name]);
}

function clock(name: string, offsets: readonly number[]): Fault {
  return {
    kind: 'clock',
    name,
    stands: [8, 25],
    begin: async ({ jump }) => {
      for (const offset of offsets) {
        jump(offset);
        await new Promise((resolve) => setTimeout(resolve, offsets.length > 1 ? 1000 : 0));
      }
    },
    end: async ({ jump }) => jump(0),
    cutsRemote: true,
  };
}
