import type { FakeMachine } from '../../src/host/fake-host.ts';

/** Records what a failing boot takes back: all it does once a step stands on the store as failed. */
export function recordUndo(machine: FakeMachine): readonly string[] {
  const undone: string[] = [];
  machine.watch((event) => {
    const store = machine.files.readIfAny('/run/cloister/state.json') ?? '';
    if (store.includes('"state":"failed"') && /^(run|remove|release|signal)/.test(event))
      undone.push(shortened(event));
  });
  return undone;
}

/** Names a child by the end of its arguments. */
function shortened(event: string): string {
  if (/^run .*\/usr\/bin\/rm -rf -- \S+\.repo\.cloning$/.test(event)) return 'remove the draft';
  return event.replace(/^signal SIGTERM .*?(cloister\.mjs egress|tmux\.conf -D|ulogd\.conf)$/, 'end $1');
}
