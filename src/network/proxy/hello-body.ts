import { normaliseName } from '../../policy/host-name.ts';
import type { HelloReading } from './hello-reading.ts';

const serverName = 0;
const hostName = 0;
/**
 * Encrypted ClientHello (RFC 9849), the drafts of it that were deployed, and the encrypted SNI before them. On the
 * wire an empty promise of it (GREASE) can't be told from a real one, whose key a hostile client brings along, so both
 * are refused unless a rule says `ech`: the clients of the image (Claude Code, Bun, Node, curl, git, gh, pip) send neither.
 */
const hidingExtensions: ReadonlySet<number> = new Set([
  0xfe08, 0xfe09, 0xfe0a, 0xfe0b, 0xfe0c, 0xfe0d, 0xffce,
]);

const malformed: HelloReading = { kind: 'fault', fault: 'malformed' };

/** Parses the content of one whole ClientHello message. Every length in it must fit, to the last octet. */
export function parseHello(body: Buffer): HelloReading {
  const extensions = findExtensions(body);
  if (extensions === null) return malformed;
  const found = splitExtensions(extensions);
  if (found === null) return malformed;
  const { hidden, names } = found;
  if (names === null) return { kind: 'hello', name: null, hidden };
  const host = parseServerName(names);
  if (host === null) return malformed;
  // What isn't ASCII would be read as another name here than at the server.
  const name = /^[\x21-\x7e]+$/.test(host) ? normaliseName(host) : null;
  return name === null ? { kind: 'fault', fault: 'not-a-name' } : { kind: 'hello', name, hidden };
}

/** @returns the block of extensions, empty where there is none, or null. */
function findExtensions(body: Buffer): Buffer | null {
  const fixed = 2 + 32;
  if (body.length < fixed || body[0] !== 3) return null;
  const session = takeVector(body.subarray(fixed), 1);
  if (session === null || session.content.length > 32) return null;
  const suites = takeVector(session.rest, 2);
  if (suites === null || suites.content.length < 2 || suites.content.length % 2 !== 0) return null;
  const compressions = takeVector(suites.rest, 1);
  if (compressions === null || compressions.content.length < 1) return null;
  if (compressions.rest.length === 0) return compressions.rest;
  const extensions = takeVector(compressions.rest, 2);
  return extensions === null || extensions.rest.length > 0 ? null : extensions.content;
}

/**
 * Every client waits for this: it cuts out nothing but the names.
 * @returns the content of the server_name extension and whether there is one that hides names, or null where the
 * lengths don't fit, or an extension comes twice: it could be read either way.
 */
function splitExtensions(block: Buffer): { names: Buffer | null; hidden: boolean } | null {
  const seen = new Set<number>();
  let names: Buffer | null = null;
  let hidden = false;
  for (let at = 0; at < block.length; ) {
    if (block.length - at < 4) return null;
    const type = block.readUInt16BE(at);
    const end = at + 4 + block.readUInt16BE(at + 2);
    if (end > block.length || seen.has(type)) return null;
    seen.add(type);
    if (type === serverName) names = block.subarray(at + 4, end);
    hidden ||= hidingExtensions.has(type);
    at = end;
  }
  return { names, hidden };
}

/** @returns the one host name of a server_name extension (RFC 6066, 3), octet by octet, or null. */
function parseServerName(extension: Buffer): string | null {
  const list = takeVector(extension, 2);
  if (list === null || list.rest.length > 0 || list.content[0] !== hostName) return null;
  const host = takeVector(list.content.subarray(1), 2);
  if (host === null || host.rest.length > 0 || host.content.length === 0) return null;
  return host.content.toString('latin1');
}

/** Splits off a vector whose length stands before it in `octets` octets. */
function takeVector(bytes: Buffer, octets: 1 | 2): { content: Buffer; rest: Buffer } | null {
  if (bytes.length < octets) return null;
  const end = octets + bytes.readUIntBE(0, octets);
  if (end > bytes.length) return null;
  return { content: bytes.subarray(octets, end), rest: bytes.subarray(end) };
}
