import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { frame, Unframer } from './framing.ts';
import { parseUpstreamAnswer, renderUpstreamQuery, type UpstreamAnswer } from './message.ts';

/** Milliseconds one upstream has to answer before the next is asked. */
const patience = 800;
/** How often the whole list of upstreams is gone through. */
const rounds = 2;

/** Asks for a name's IPv4 addresses. Throws when no upstream answered in time. */
export type AskUpstream = (name: string) => Promise<UpstreamAnswer>;

/** @param addresses the upstream resolvers, in order of preference.  @param port where they listen, usually 53. */
export function makeUpstream(addresses: readonly string[], port = 53): AskUpstream {
  return async (name) => {
    let failure: unknown = new Error('no upstream is configured');
    for (let round = 0; round < rounds; round++) {
      for (const address of addresses) {
        try {
          return await askOne({ address, port, name });
        } catch (error) {
          failure = error;
        }
      }
    }
    throw new Error(`no upstream answered for ${name}`, { cause: failure });
  };
}

interface Question {
  readonly address: string;
  readonly port: number;
  readonly name: string;
}

async function askOne(question: Question): Promise<UpstreamAnswer> {
  const answer = await askByDatagram(question);
  return answer === 'truncated' ? askByStream(question) : answer;
}

/** A socket of its own for every query: the kernel picks an unforeseen source port, and only this peer may answer. */
function askByDatagram({ address, port, name }: Question): Promise<UpstreamAnswer | 'truncated'> {
  const id = randomInt(65536);
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  return new Promise<UpstreamAnswer | 'truncated'>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${address} did not answer in ${patience} ms`)),
      patience,
    );
    const settle = (done: () => void) => {
      clearTimeout(timer);
      done();
    };
    socket.on('error', (error) => settle(() => reject(error)));
    socket.on('message', (bytes) => {
      const answer = parseUpstreamAnswer(bytes, id, name);
      if (answer !== null) settle(() => resolve(answer));
    });
    socket.connect(port, address, () => socket.send(renderUpstreamQuery(id, name)));
  }).finally(() => socket.close());
}

function askByStream({ address, port, name }: Question): Promise<UpstreamAnswer> {
  const id = randomInt(65536);
  const socket = connect({ host: address, port, timeout: patience });
  return new Promise<UpstreamAnswer>((resolve, reject) => {
    const unframer = new Unframer();
    socket.on('timeout', () => reject(new Error(`${address} did not answer over TCP in ${patience} ms`)));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`${address} closed the connection`)));
    socket.on('data', (chunk: Buffer) => {
      for (const bytes of unframer.push(chunk)) {
        const answer = parseUpstreamAnswer(bytes, id, name);
        if (answer !== null && answer !== 'truncated') resolve(answer);
      }
    });
    socket.write(frame(renderUpstreamQuery(id, name)));
  }).finally(() => socket.destroy());
}
