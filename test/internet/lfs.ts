// Git LFS as github.com has it: a batch of objects is asked for, and each is fetched from where the answer says.
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readBody, sendJson, sendText } from './web.ts';

/** Contents by SHA-256. */
export class LargeFiles {
  private readonly contents = new Map<string, string>();

  /** @returns the pointer that stands in its place in a repository. */
  add(content: string): string {
    const oid = createHash('sha256').update(content).digest('hex');
    this.contents.set(oid, content);
    return `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${content.length}\n`;
  }

  /** @returns whether it was a request of Git LFS's, and so is answered. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const [path = ''] = (request.url ?? '').split('?');
    const [, oid] = /\/info\/lfs\/content\/([0-9a-f]{64})$/.exec(path) ?? [];
    if (oid !== undefined) {
      const content = this.contents.get(oid);
      sendText(response, content === undefined ? 404 : 200, content ?? 'Not Found\n');
      return true;
    }
    if (!path.endsWith('/info/lfs/objects/batch')) return false;
    const { objects = [] } = JSON.parse(await readBody(request)) as {
      objects?: { oid: string; size: number }[];
    };
    const base = `https://${request.headers.host}${path.replace(/objects\/batch$/, 'content')}`;
    const answers = objects.map(({ oid, size }) =>
      this.contents.has(oid)
        ? { oid, size, authenticated: true, actions: { download: { href: `${base}/${oid}` } } }
        : { oid, size, error: { code: 404, message: 'Object does not exist' } },
    );
    sendJson(
      response,
      200,
      { transfer: 'basic', objects: answers },
      { 'content-type': 'application/vnd.git-lfs+json' },
    );
    return true;
  }
}
