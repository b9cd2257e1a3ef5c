import type { IncomingMessage } from 'node:http';

/** Whether a request carries the account's token: `wrong` is a credential that is not it. */
export type Credential = 'none' | 'wrong' | 'token';

/** Understands `Basic` (the password counts), `Bearer` and GitHub's `token`. */
export function judgeCredential({ headers }: Pick<IncomingMessage, 'headers'>, token: string): Credential {
  const [scheme = '', value = ''] = (headers.authorization ?? '').split(' ');
  if (scheme === '') return 'none';
  const given =
    scheme.toLowerCase() === 'basic'
      ? Buffer.from(value, 'base64').toString('utf8').split(':').slice(1).join(':')
      : value;
  return given === token ? 'token' : 'wrong';
}
