import { repository } from '../box.ts';
import { asRoot, type Fault } from './fault.ts';

/** Not dealt: each breaks a promise, and is named to see that a run fails then. */
export const removals: readonly Fault[] = [
  {
    kind: 'removal',
    name: 'firewall',
    stands: [5, 5],
    begin: asRoot(
      'iptables -P OUTPUT ACCEPT; iptables -D OUTPUT -j CLOISTER-OUTPUT; iptables -t nat -F CLOISTER-PROXY; true',
    ),
  },
  {
    kind: 'removal',
    name: 'session',
    stands: [3, 3],
    begin: asRoot(
      '(for ((n = 0; n < 3000; n++)); do pkill -STOP -u $agent; sleep 0.05; done) >/dev/null 2>&1 &',
    ),
  },
  {
    kind: 'removal',
    name: 'rescue',
    stands: [1, 1],
    begin: ({ internet }) => internet.ask('PUT', `/github/pushes/${repository}`, { reject: 'refs/cloister' }),
  },
];
