import { makeTokenBucket } from '../../core/token-bucket.ts';
import type { TelemetryTarget } from '../../policy/outbound-target.ts';
import { type Post, PostError } from './post.ts';

/** Octets of one export, and how many exports are held at once. */
export const longestExport = 2 * 1024 * 1024;
const mostAtOnce = 2;
const octets = { burst: 16 * 1024 * 1024, perSecond: 32 * 1024 };
const exports = { burst: 60, perSecond: 1 };

export const signals = ['metrics', 'logs', 'traces'] as const;
export type Signal = (typeof signals)[number];

export interface Export {
  readonly signal: Signal;
  /** `content-type`, and `content-encoding` where there is one: nothing else of the agent's request goes on. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface Forwarder {
  /** Reserves a place to forward an export that is whole.  @returns its release, or null where there is none. */
  enter(): (() => void) | null;
  /** @returns the status the agent gets: the receiver's, or ours where nothing arrived. */
  forward(one: Export): Promise<number>;
}

export interface ForwarderParts {
  readonly telemetry: TelemetryTarget;
  readonly post: Post;
  readonly now: () => number;
  readonly troubled: (reason: string) => void;
}

/** Sends what Claude exports to the operator's receiver, with the operator's credentials. */
export function makeForwarder({ telemetry, post, now, troubled }: ForwarderParts): Forwarder {
  const budget = {
    octets: makeTokenBucket({ ...octets, now }),
    exports: makeTokenBucket({ ...exports, now }),
  };
  const base = telemetry.path.replace(/\/$/, '');
  let inside = 0;
  let troubledBefore = false;
  const report = (reason: string) => {
    if (!troubledBefore) troubled(reason);
    troubledBefore = true;
  };
  return {
    enter: () => {
      if (inside >= mostAtOnce || !budget.exports.take(1)) return null;
      inside += 1;
      return () => {
        inside -= 1;
      };
    },
    forward: async ({ signal, headers, body }) => {
      if (!budget.octets.take(body.length)) return 429;
      try {
        const path = `${base}/v1/${signal}`;
        const status = await post(telemetry, { path, headers: headersFor(headers, telemetry), body });
        if (status >= 200 && status < 300) troubledBefore = false;
        else report(`status-${status}`);
        return answerFor(status);
      } catch (error) {
        report(error instanceof PostError ? error.reason : 'broken');
        return 503;
      }
    },
  };
}

/** The operator's headers, whatever the agent's say. */
export function headersFor(
  headers: Export['headers'],
  telemetry: Pick<TelemetryTarget, 'headers'>,
): Export['headers'] {
  return { ...headers, ...telemetry.headers };
}

/** An exporter tries again after 429, 502, 503 and 504, and gives up after anything else. */
function answerFor(status: number): number {
  if (status >= 200 && status < 300) return 200;
  return status >= 400 && status < 600 ? status : 502;
}
