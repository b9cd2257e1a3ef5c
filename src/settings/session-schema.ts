import * as z from 'zod';

/** What the agent's session is told beside its accounts. */
export const sessionSchema = {
  AGENT_USER: rule(z.string().transform(userOf), '501:501'),
  AGENT_ENV: rule(z.string().transform(namesOf), 'SENTRY_TOKEN,NODE_ENV'),
  AGENT_ENV_FILE: rule(z.string().regex(/^\/[^\p{C}]+$/u, 'is no absolute path'), '/run/secrets/agent.env'),
  TZ: rule(z.string().refine(isZone, 'is no time zone such as Europe/Berlin'), 'Europe/Berlin'),
  LANG: rule(z.string().regex(/^[A-Za-z0-9_.@-]{1,60}$/, 'is no locale such as C.UTF-8'), 'C.UTF-8'),
};

function rule<T extends z.ZodType>(type: T, example: string) {
  return { type, example };
}

function namesOf(text: string, context: z.RefinementCtx): string[] {
  const names = [...new Set(text.split(',').map((part) => part.trim()))].filter((part) => part !== '');
  const bad = names.filter((name) => !/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name));
  if (bad.length === 0) return names;
  // It may be a value somebody put here in place of the name.
  context.addIssue({
    code: 'custom',
    message: `holds ${bad.length} of ${names.length} words that are no name of a variable`,
  });
  return z.NEVER;
}

function userOf(text: string, context: z.RefinementCtx): { uid: number; gid: number } {
  const [, uid = '', gid = uid] = /^([1-9][0-9]{0,8})(?::([1-9][0-9]{0,8}))?$/.exec(text) ?? [];
  if (uid !== '') return { uid: Number(uid), gid: Number(gid) };
  context.addIssue({ code: 'custom', message: 'is no uid:gid in digits, neither of them 0' });
  return z.NEVER;
}

function isZone(text: string): boolean {
  try {
    return /^[A-Za-z][\w+/-]{0,59}$/.test(text) && new Intl.DateTimeFormat('en', { timeZone: text }) !== null;
  } catch {
    return false;
  }
}
