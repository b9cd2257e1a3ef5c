// Judges the exceptions of the vulnerability gate. Usage: exceptions.ts FILE
// Each names one flaw of one package, why it does no harm here, and until when that was thought through.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

interface Exception {
  readonly vulnerability?: string;
  readonly package?: { readonly name?: string };
  readonly reason?: string;
}

const [file = '.grype.yaml'] = process.argv.slice(2);
const gate = parse(readFileSync(file, 'utf8')) as { readonly ignore?: readonly Exception[] };
const faults = faultsOf(gate, new Date().toISOString().slice(0, 10));
for (const fault of faults) console.error(`${file}: ${fault}`);
process.exitCode = faults.length === 0 ? 0 : 78;

function faultsOf({ ignore, ...more }: typeof gate, today: string): string[] {
  const unknown = Object.keys(more).map((key) => `${key} would loosen the whole gate: take it out`);
  return [...unknown, ...(ignore ?? []).flatMap((exception) => faultsOfOne(exception, today))];
}

function faultsOfOne(
  { vulnerability, package: of, reason = '', ...more }: Exception,
  today: string,
): string[] {
  const name = vulnerability ?? 'an exception';
  const [, until] = / until (\d{4}-\d\d-\d\d)$/.exec(reason) ?? [];
  const faults: string[] = [];
  if (!/^(CVE|GHSA)-[\w-]+$/.test(vulnerability ?? '')) faults.push(`${name} is no CVE and no GHSA`);
  if (!of?.name) faults.push(`${name} names no package: it would excuse every one`);
  if (reason.length < 40 || until === undefined)
    faults.push(`${name} needs a reason: a sentence that ends with "until YYYY-MM-DD"`);
  if (until !== undefined && until < today)
    faults.push(`${name} was excused until ${until}: look at it again`);
  for (const key of Object.keys(more))
    faults.push(`${name}: ${key} is not among vulnerability, package, reason`);
  return faults;
}
