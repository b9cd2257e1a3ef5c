import { clientHello } from './client-hello.ts';
import { dnsMessage } from './dns-message.ts';
import type { Target } from './driver.ts';
import { http } from './http.ts';
import { names } from './names.ts';
import { rules } from './rules.ts';
import { screen } from './screen.ts';

/** Every parser that reads octets of the agent's or the operator's, and its part of the inputs. */
export const targets: readonly { readonly target: Target; readonly share: number }[] = [
  { target: clientHello, share: 0.3 },
  { target: http, share: 0.05 },
  { target: dnsMessage, share: 0.2 },
  { target: rules, share: 0.15 },
  { target: names, share: 0.15 },
  { target: screen, share: 0.15 },
];
