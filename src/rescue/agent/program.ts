import { text as readAll } from 'node:stream/consumers';
import type { ShortHost } from '../../host/host.ts';
import type { Order } from '../protocol.ts';

/** Runs as the agent: takes an order as JSON on stdin, prints its report as JSON. */
export async function runRescue(host: ShortHost, stdin: NodeJS.ReadableStream): Promise<number> {
  const order = JSON.parse(await readAll(stdin)) as Order;
  const report =
    order.kind === 'save'
      ? await (await import('./save.ts')).save(host, order)
      : await (await import('./restore.ts')).restore(host, order);
  host.print(`${JSON.stringify(report)}\n`);
  return 0;
}
