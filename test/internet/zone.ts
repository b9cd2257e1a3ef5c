import type { Address, AddressPlan, Service } from './addresses.ts';
import type { ZoneEntry } from './zone-entry.ts';

/** What one query is to be answered; `entry` also carries how badly to behave. */
export interface Answer {
  entry: ZoneEntry;
  cname?: string;
  addresses: string[];
  /** The name is not in the zone at all. */
  missing: boolean;
}

/** The names of every service; a test may enter more. */
export const hostsOf: Readonly<Record<Service, readonly string[]>> = {
  router: [],
  github: [
    'github.com',
    'api.github.com',
    'codeload.github.com',
    'uploads.github.com',
    'objects.githubusercontent.com',
    'raw.githubusercontent.com',
  ],
  anthropic: [
    'api.anthropic.com',
    'platform.claude.com',
    'claude.ai',
    'claude.com',
    'downloads.claude.ai',
    'mcp-proxy.anthropic.com',
    // Who answers in its place: a gateway, and the models of three clouds.
    'gateway.test',
    'bedrock-runtime.eu-central-1.amazonaws.com',
    'bedrock.eu-central-1.amazonaws.com',
    'aiplatform.googleapis.com',
    'oauth2.googleapis.com',
    'my-resource.services.ai.azure.com',
  ],
  registry: ['npm.pkg.github.com'],
  allowed: ['allowed.test', '*.wild.test'],
  canary: ['denied.test', '*.denied.test'],
  receiver: ['notify.test', 'otel.test', 'notify.wild.test'],
  dns: ['ns.test'],
};

/** The zone table; names are lower case without the last dot, `*.name` stands for every name below. */
export class Zone {
  private readonly entries = new Map<string, ZoneEntry>();
  private readonly turns = new Map<string, number>();
  private readonly plan: AddressPlan;

  constructor(plan: AddressPlan) {
    this.plan = plan;
    this.reset();
  }

  reset(): void {
    this.entries.clear();
    for (const [service, names] of Object.entries(hostsOf)) {
      for (const name of names) this.set(name, recordsOf(this.plan[service as Service]));
    }
  }

  set(name: string, entry: ZoneEntry): void {
    this.entries.set(normalise(name), entry);
  }

  remove(name: string): boolean {
    return this.entries.delete(normalise(name));
  }

  all(): Record<string, ZoneEntry> {
    return Object.fromEntries(this.entries);
  }

  answer(name: string, type: 'A' | 'AAAA' | 'other'): Answer {
    const entry = this.find(normalise(name));
    if (entry === undefined) return { entry: {}, addresses: [], missing: true };
    const target = entry.cname === undefined ? entry : (this.find(normalise(entry.cname)) ?? {});
    const all = (type === 'A' ? target.a : type === 'AAAA' ? target.aaaa : undefined) ?? [];
    const addresses = entry.rotate ? this.nextOf(`${normalise(name)}/${type}`, all) : all;
    return { entry, addresses, missing: false, ...(entry.cname ? { cname: entry.cname } : {}) };
  }

  private find(name: string): ZoneEntry | undefined {
    const exact = this.entries.get(name);
    if (exact !== undefined) return exact;
    const labels = name.split('.');
    for (let from = 1; from < labels.length; from += 1) {
      const wild = this.entries.get(`*.${labels.slice(from).join('.')}`);
      if (wild !== undefined) return wild;
    }
    return undefined;
  }

  private nextOf(key: string, all: readonly string[]): string[] {
    const turn = this.turns.get(key) ?? 0;
    this.turns.set(key, turn + 1);
    const next = all[turn % Math.max(all.length, 1)];
    return next === undefined ? [] : [next];
  }
}

function recordsOf({ v4, v6 }: Address): ZoneEntry {
  return v6 === undefined ? { a: [v4] } : { a: [v4], aaaa: [v6] };
}

function normalise(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
