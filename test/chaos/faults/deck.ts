import type { Fault } from './fault.ts';
import { outsideFaults } from './outside.ts';
import { placeFaults } from './places.ts';
import { pressureFaults } from './pressure.ts';
import { removals } from './removals.ts';
import { repositoryFaults } from './repository.ts';
import { serviceFaults } from './services.ts';
import { sessionFaults } from './session.ts';

/** Every fault that is dealt. */
export const deck: readonly Fault[] = [
  ...serviceFaults,
  ...placeFaults,
  ...outsideFaults,
  ...pressureFaults,
  ...repositoryFaults,
  ...sessionFaults,
];

/** @returns the faults of these names, `kind/name` or a kind alone, removals too. Throws where there is none. */
export function faultsNamed(names: readonly string[]): Fault[] {
  return names.flatMap((name) => {
    const found = [...deck, ...removals].filter((fault) =>
      [`${fault.kind}/${fault.name}`, fault.kind].includes(name),
    );
    if (found.length === 0) throw new Error(`there is no fault ${name}`);
    return found;
  });
}
