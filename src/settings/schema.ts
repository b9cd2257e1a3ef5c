import { isIP } from 'node:net';
import * as z from 'zod';
import { parseDuration } from '../core/duration.ts';
import { levels } from '../core/log.ts';
import { parseSize, renderSize } from '../core/size.ts';
import { isLoopback, isNeverOpened, isNoHost } from '../policy/address-class.ts';
import { parseRange, type Range } from '../policy/range.ts';
import { isSetName } from '../policy/rule-set.ts';
import { parseExemption } from '../policy/upstream-proxy.ts';
import { claudeSchema } from './claude-schema.ts';
import { neighboursOf } from './neighbours.ts';
import { ownSchema } from './own-schema.ts';
import { setRemedy } from './secrets.ts';
import { sessionSchema } from './session-schema.ts';

const MB = 1024 ** 2;

/**
 * Every variable that is no secret: how it is read, what a wrong one is told, and an example for the remedy.
 * What documents say of each stands in `reference.ts`, which has these keys.
 */
export const schema = {
  ...claudeSchema,
  BOX_NAME: rule(
    z
      .string()
      .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'is no name of lower-case letters, digits and dashes'),
    'night-shift',
  ),
  REPO_URL: rule(z.string().transform(repositoryUrl), 'https://github.com/you/project'),
  REPO_REF: rule(
    z
      .string()
      .regex(/^(?![-/.])(?!.*(\.\.|\/\/|@\{|\.lock$|\/$))[\w./+@-]{1,200}$/, 'is no branch or tag name'),
    'main',
  ),
  RESCUE: rule(z.enum(['off', 'tracked', 'all'], 'is not one of off, tracked, all'), 'all'),
  RESCUE_INTERVAL: rule(duration(10_000, 'is no duration such as 5m, of at least 10s'), '5m'),
  RESCUE_SIZE: rule(size(MB), '100m'),
  GIT_USER_NAME: rule(
    // Git drops punctuation and white space at a name's ends, and commits nothing when nothing is left.
    z.string().regex(/^(?=.*[\p{L}\p{N}])[^\p{C}<>"\\]{1,100}$/u, 'is no name git could record'),
    'cloister',
  ),
  GIT_USER_EMAIL: rule(
    z.string().regex(/^[^\s\p{C}<>"\\@]{1,100}@[^\s\p{C}<>"\\@]{1,150}$/u, 'is no e-mail address'),
    'you@example.org',
  ),
  REPO_HOOKS: rule(z.enum(['off', 'on'], 'is neither off nor on'), 'on'),
  CLAUDE_PROMPT: rule(
    z
      .string()
      .max(100_000, 'is longer than 100000 characters')
      .refine((text) => !text.includes('\0'), 'holds NUL'),
    'fix the build',
  ),
  ALLOW_DOMAINS: rule(z.string(), 'packages.example.org,*.example.net:8443'),
  ALLOW_SETS: rule(list(ruleSet), 'browsers,java'),
  ALLOW_PRIVATE: rule(list(range, whatOpens), '10.1.0.0/16'),
  DNS_UPSTREAM: rule(list(upstream), '9.9.9.9'),
  NEIGHBOURS: rule(z.string().transform(neighboursOf), 'db:5432,redis:6379'),
  NO_PROXY: rule(list(parseExemption), 'localhost,.example.org'),
  EGRESS_FALLBACK: rule(z.literal('address', 'is not address, the only fallback there is'), 'address'),
  PUBLISH_PORTS: rule(list(port, notOurs), '3000,8080'),
  ...ownSchema,
  ...sessionSchema,
  EXTRA_CA_CERTS: rule(z.string().regex(/^\/[^\p{C}]+$/u, 'is no absolute path'), '/certs/company.pem'),
  WORKSPACE_SIZE: rule(size(), '512m'),
  TMP_SIZE: rule(size(), '512m'),
  HOME_SIZE: rule(size(), '1g'),
  AGENT_MEMORY: rule(size(), '4g'),
  AGENT_PROCESSES: rule(whole(32, 1_000_000, 'is no count of processes from 32 to 1000000'), '1000'),
  BOOT_TIMEOUT: rule(whole(5, 3600, 'is no number of seconds from 5 to 3600'), '120'),
  LOG_LEVEL: rule(z.enum(levels, `is not one of ${levels.join(', ')}`), 'info'),
  LOG_FORMAT: rule(z.enum(['json', 'pretty'], 'is neither json nor pretty'), 'json'),
};

export type Schema = typeof schema;
export type Values = { [Name in keyof Schema]?: Schema[Name]['type']['_zod']['output'] };

function rule<T extends z.ZodType>(type: T, example: string) {
  return { type, example };
}

/** @returns what an operator would type to set the variable right. */
export function remedyOf(name: keyof Schema): string {
  return setRemedy(name, schema[name].example).replace(
    'fly secrets set',
    'fly.toml [env] or fly secrets set',
  );
}

function refuse(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
}

function repositoryUrl(text: string, context: z.RefinementCtx): string {
  if (!/^https:\/\//i.test(text)) return refuse(context, 'is no https URL');
  if (!URL.canParse(text)) return refuse(context, 'is no URL');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    return refuse(context, 'has credentials in it; the token belongs in GH_PAT');
  }
  if (url.search !== '' || url.hash !== '') return refuse(context, 'has a query or a fragment');
  if (
    !/^https:\/\/[A-Za-z0-9.-]+(:[0-9]+)?(\/[A-Za-z0-9._~+-]+)+\/?$/.test(text) ||
    /\/\.\.?(\/|$)/.test(text)
  ) {
    return refuse(context, 'holds characters no repository URL needs');
  }
  return url.href;
}

/** @param judge says what is wrong with the values as a whole. */
function list<T>(
  parse: (text: string) => T | null,
  judge: (values: readonly T[]) => string | null = () => null,
) {
  return z.string().transform((text, context): T[] => {
    const parts = text.split(',').map((part) => part.trim());
    const values = parts.map(parse);
    const bad = parts.filter((_, index) => values[index] === null);
    if (bad.length > 0) return refuse(context, `holds ${bad.map((part) => JSON.stringify(part)).join(', ')}`);
    const good = values.filter((value): value is Awaited<T> & T => value !== null);
    const fault = judge(good);
    return fault === null ? good : refuse(context, fault);
  });
}

/** Which sets there are only their files know. */
function ruleSet(text: string): string | null {
  const name = text.replace(/^@/, '');
  return isSetName(name) ? name : null;
}

function range(text: string): Range | null {
  return parseRange(text);
}

function whatOpens(ranges: readonly Range[]): string | null {
  return ranges.every((each) => isNeverOpened(each))
    ? 'holds nothing but loopback, link-local, multicast, broadcast and metadata addresses, which nothing opens'
    : null;
}

function upstream(text: string): string | null {
  return isIP(text) === 0 || isLoopback(text) || isNoHost(text) ? null : text;
}

function port(text: string): number | null {
  if (!/^[0-9]{1,5}$/.test(text)) return null;
  const number = Number(text);
  return number >= 1 && number <= 65535 ? number : null;
}

/** Nobody but root binds the ports below 1024: there the box's own programs listen, and no server of the agent's can. */
function notOurs(ports: readonly number[]): string | null {
  const ours = ports.filter((each) => each < 1024);
  return ours.length === 0
    ? null
    : `holds ${ours.join(', ')}: the ports below 1024 are the box's own, and the agent's servers can't listen there`;
}

function duration(least: number, message: string) {
  return z.string().transform((text, context) => {
    const milliseconds = parseDuration(text);
    return milliseconds !== null && milliseconds >= least ? milliseconds : refuse(context, message);
  });
}

function size(least = 16 * MB) {
  return z.string().transform((text, context) => {
    const bytes = parseSize(text);
    if (bytes === null) return refuse(context, 'is no size such as 512m or 1g');
    return bytes < least ? refuse(context, `is below the ${renderSize(least)} that anything needs`) : bytes;
  });
}

function whole(least: number, most: number, message: string) {
  return z.string().transform((text, context) => {
    const number = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
    return number >= least && number <= most ? number : refuse(context, message);
  });
}
