/** Files by whose name alone one knows that they are nobody else's business. */
const names = [
  /^\.env(\..+)?$/,
  /^(id_(rsa|dsa|ecdsa|ed25519)(_sk)?|.*\.(key|p12|pfx|jks|keystore|kdbx|ppk))$/,
  /^([._]netrc|\.git-credentials|\.pgpass|\.pypirc|\.htpasswd|\.dockercfg|\.vault-token)$/,
  /^(terraform\.tfstate(\.backup)?|.*\.tfvars)$/,
];
/** They show how the real one looks. */
const examples = /^\.env\.(example|sample|template|dist|defaults?)$/;
const folders = /(^|\/)(\.ssh|\.aws|\.gnupg|\.kube)\//;

/** @param path as octets.  @returns whether what is called so is taken for a secret. */
export function hasSecretName(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  return folders.test(path) || (!examples.test(name) && names.some((pattern) => pattern.test(name)));
}

/** What keys and tokens look like. Each is shorter than the overlap of two looks. */
const marks = [
  /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----/,
  /\bgh[pousr]_[A-Za-z0-9]{36}/,
  /\bgithub_pat_[A-Za-z0-9_]{60}/,
  /\bglpat-[A-Za-z0-9_-]{20}/,
  /\bsk-ant-[a-z0-9]{2,12}-[A-Za-z0-9_-]{40}/,
  /\bsk-(?:proj|svcacct)-[A-Za-z0-9_-]{40}/,
  /\bAKIA(?!IOSFODNN7EXAMPLE)[A-Z0-9]{16}\b/,
  /\bxox[abprs]-[0-9]{8,}-[A-Za-z0-9-]{10}/,
  /\bAIza[A-Za-z0-9_-]{35}/,
  /\bnpm_[A-Za-z0-9]{36}/,
  /\b_authToken\s{0,4}=\s{0,4}[A-Za-z0-9]/,
];
const overlap = 512;

/** Looks through one file that comes in pieces. */
export interface Scan {
  take(octets: Buffer): void;
  readonly found: boolean;
}

/** @returns a maker of scans that find these texts, plain or in base64, and whatever looks like a key or a token. */
export function makeScanner(secrets: readonly string[]): () => Scan {
  const texts = secrets
    .filter((secret) => secret.length >= 8)
    .flatMap((secret) => [secret, ...inBase64(secret)]);
  const needles = texts.map((text) => Buffer.from(text));
  const reach = Math.max(overlap, ...needles.map(({ length }) => length));
  return () => {
    let rest = Buffer.alloc(0);
    let found = false;
    return {
      take: (octets) => {
        if (found) return;
        const window = Buffer.concat([rest, octets]);
        found = needles.some((needle) => window.includes(needle)) || looksSecret(window);
        rest = window.subarray(-reach);
      },
      get found() {
        return found;
      },
    };
  };
}

function looksSecret(window: Buffer): boolean {
  const text = window.toString('latin1');
  return marks.some((mark) => mark.test(text));
}

/** A text within a longer one is in base64 one of three: those of its characters that the others do not touch. */
function inBase64(secret: string): string[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.from(`${'\0'.repeat(before)}${secret}`)
      .toString('base64')
      .replace(/=+$/, '');
    return text.slice(before === 0 ? 0 : before + 1, (secret.length + before) % 3 === 0 ? undefined : -1);
  });
}
