import { type AddressInfo, createServer } from 'node:net';
import { type ConnectionOptions, connect } from 'node:tls';

/** The first record that Node's own TLS client sends with these options. */
export function captureHello(options: ConnectionOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      const chunks: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        const bytes = Buffer.concat(chunks);
        if (bytes.length < 5 || bytes.length < 5 + bytes.readUInt16BE(3)) return;
        socket.destroy();
        client.destroy();
        server.close();
        resolve(bytes);
      });
    });
    let client: ReturnType<typeof connect>;
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      client = connect({ ...options, host: '127.0.0.1', port, rejectUnauthorized: false });
      client.on('error', () => {});
    });
    server.on('error', reject);
  });
}

export interface HelloParts {
  readonly extensions: readonly (readonly [type: number, content: Buffer])[];
  readonly version?: number;
}

/** A ClientHello message of our own making, in one record. */
export function makeHello({ extensions, version = 0x0303 }: HelloParts): Buffer {
  const block = Buffer.concat(
    extensions.map(([type, content]) => Buffer.concat([two(type), vector(content)])),
  );
  const body = [
    two(version),
    Buffer.alloc(32, 7),
    Buffer.from([0]),
    vector(two(0x1301)),
    Buffer.from([1, 0]),
  ];
  return recordOf(messageOf(Buffer.concat([...body, vector(block)])));
}

export function messageOf(body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([1, 0]), two(body.length), body]);
}

export function recordOf(content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([22, 3, 1]), vector(content)]);
}

/** The same handshake octets in records of `size` octets. */
export function inRecords(hello: Buffer, size: number): Buffer {
  const content = hello.subarray(5);
  const count = Math.ceil(content.length / size);
  return Buffer.concat(
    Array.from({ length: count }, (_, i) => recordOf(content.subarray(i * size, (i + 1) * size))),
  );
}

/** A server_name extension with these names, as they are. */
export function sni(...names: readonly (string | Buffer)[]): readonly [number, Buffer] {
  const entries = names.map((name) => Buffer.concat([Buffer.from([0]), vector(Buffer.from(name))]));
  return [0, vector(Buffer.concat(entries))];
}

function vector(content: Buffer): Buffer {
  return Buffer.concat([two(content.length), content]);
}

function two(value: number): Buffer {
  return Buffer.from([value >> 8, value & 255]);
}
