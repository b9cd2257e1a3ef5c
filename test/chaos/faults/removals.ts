import { repository } from '../box.ts';
import { asRoot, type Fault } from './fault.ts';

/** Not dealt: each breaks a promise, and is named to see that a run fails then. */
export const removals: readonly Fault[] = [
  {
    kind: 'removal',
    name: 'firewall and rescue',
    stands: [5, 5],
    begin: async ({ box, internet }) => {
      await internet.ask('PUT', `/github/pushes/${repository}`, { reject: 'refs/cloister' });
      await box.root(
        'iptables -P OUTPUT ACCEPT; iptables -D OUTPUT -j CLOISTER-OUTPUT; iptables -t nat -F CLOISTER-PROXY',
      );
    },
  },
  {
    kind: 'removal',
    name: 'session',
    stands: [3, 3],
    begin: asRoot(
      '(for ((n = 0; n < 3000; n++)); do pkill -STOP -u $agent; sleep 0.05; done) >/dev/null 2>&1 &',
    ),
  },
];
