// Gives this container every address of the plan, and then every address there is: what a box sends
// anywhere at all ends here. Needs NET_ADMIN.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type AddressPlan, listAddresses } from './addresses.ts';

const run = promisify(execFile);

export interface Subnets {
  subnet4: string;
  subnet6?: string;
}

export async function takeAddresses(plan: AddressPlan, { subnet4, subnet6 }: Subnets): Promise<void> {
  for (const address of listAddresses(plan)) {
    const [bits, flags] = address.includes(':') ? ['64', ['nodad']] : ['25', []];
    await run('ip', ['address', 'replace', `${address}/${bits}`, 'dev', 'eth0', ...flags]);
  }
  await takeTheRest('-4', '0.0.0.0/0', [subnet4]);
  if (subnet6 !== undefined) await takeTheRest('-6', '::/0', [subnet6, 'fe80::/64']);
}

/**
 * The routes stand in table `local`, which is asked first: only what it calls local may be the source
 * of an answer. The neighbours need a longer prefix there, or answers to them would end here as well.
 */
async function takeTheRest(family: '-4' | '-6', everything: string, neighbours: string[]): Promise<void> {
  for (const subnet of neighbours) {
    await run('ip', [family, 'route', 'replace', subnet, 'dev', 'eth0', 'table', 'local']);
  }
  await run('ip', [family, 'route', 'replace', 'local', everything, 'dev', 'lo', 'table', 'local']);
}
