import type { ShortHost } from '../../host/host.ts';
import type { Finding } from '../protocol.ts';
import { egressChecks } from './egress-checks.ts';
import { fileChecks } from './file-checks.ts';
import { identityChecks } from './identity-checks.ts';
import { processChecks } from './process-checks.ts';
import { systemCallChecks } from './system-call-checks.ts';
import { type Checks, codeOf } from './verdict.ts';

/** The promises that a process of the agent's user can attack from inside, each with its attack. */
export const promises: Checks = {
  ...identityChecks,
  ...systemCallChecks,
  ...fileChecks,
  ...processChecks,
  ...egressChecks,
};

/** Attacks every promise at once. */
export async function attackPromises(host: ShortHost): Promise<Finding[]> {
  return Promise.all(
    Object.entries(promises).map(async ([promise, check]) => {
      try {
        return { promise, ...(await check(host)) };
      } catch (error) {
        // It has thrown before it attacked, or its attacks would have caught the error.
        return { promise, verdict: 'not tried' as const, detail: codeOf(error) };
      }
    }),
  );
}
