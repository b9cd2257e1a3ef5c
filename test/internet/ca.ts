import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import { promisify } from 'node:util';

const run = promisify(execFile);
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30'];

/** A key and its certificate, PEM. */
export interface Pair {
  key: Buffer;
  cert: Buffer;
}

/** A certificate authority of one run; its key never leaves the container. */
export interface Authority {
  /** A certificate for any name a client asks for, made at its first connection. */
  contextFor(name: string): Promise<SecureContext>;
  /** For a client that names nobody. */
  nameless: Pair;
}

/**
 * @param folder private place for keys
 * @param publicFile where the CA certificate is copied, PEM, for clients to trust
 */
export async function createAuthority(folder: string, publicFile: string): Promise<Authority> {
  await mkdir(folder, { recursive: true });
  const certificate = join(folder, 'ca.pem');
  await openssl([
    ...['req', '-x509', ...newKey, '-subj', '/CN=Cloister test internet CA'],
    ...['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
    ...['-keyout', join(folder, 'ca.key'), '-out', certificate],
  ]);
  await copyFile(certificate, publicFile);
  const contexts = new Map<string, Promise<SecureContext>>();
  return {
    nameless: await issue(folder, 'nameless.invalid'),
    contextFor(name) {
      const known = contexts.get(name) ?? issue(folder, name).then(createSecureContext);
      contexts.set(name, known);
      return known;
    },
  };
}

async function issue(folder: string, name: string): Promise<Pair> {
  const host = /^[a-z0-9.-]{1,64}$/i.test(name) ? name : 'nameless.invalid';
  const key = join(folder, `${host}.key`);
  const certificate = join(folder, `${host}.pem`);
  await openssl([
    ...['req', '-x509', '-CA', join(folder, 'ca.pem'), '-CAkey', join(folder, 'ca.key'), ...newKey],
    ...['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`],
    ...['-addext', 'basicConstraints=critical,CA:FALSE', '-addext', 'extendedKeyUsage=serverAuth'],
    ...['-keyout', key, '-out', certificate],
  ]);
  return { key: await readFile(key), cert: await readFile(certificate) };
}

async function openssl(args: string[]): Promise<void> {
  // Without a configuration file: Debian's adds extensions of its own to `req -x509`.
  await run('openssl', args, { env: { ...process.env, OPENSSL_CONF: '/dev/null' }, timeout: 10_000 });
}
