import { describe, expect, test } from 'vitest';
import { HelloReader } from '../../../../src/network/proxy/client-hello.ts';
import type { HelloReading } from '../../../../src/network/proxy/hello-reading.ts';
import { captureHello, inRecords, makeHello, messageOf, recordOf, sni } from './hellos.ts';

const read = (bytes: Buffer): HelloReading => new HelloReader().push(bytes);
const name = 'allowed.example.org';
const fault = (what: string) => ({ kind: 'fault', fault: what });
const hello = (spoken: string | null, hidden = false) => ({ kind: 'hello', name: spoken, hidden });

describe('the ClientHello of a real client', () => {
  test.each([
    ['TLS 1.3', { minVersion: 'TLSv1.3' }],
    ['TLS 1.2', { maxVersion: 'TLSv1.2' }],
    ['TLS 1.3 with a post-quantum share', { ecdhCurve: 'X25519MLKEM768' }],
    ['TLS with protocols to choose from', { ALPNProtocols: ['h2', 'http/1.1'] }],
  ] as const)('is read: %s', async (_, options) => {
    const bytes = await captureHello({ servername: name, ...options, ALPNProtocols: ['http/1.1'] });
    expect(read(bytes)).toEqual(hello(name));
  });

  test('names nobody when the client does not', async () => {
    expect(read(await captureHello({}))).toEqual(hello(null));
  });

  test('is read when it comes octet by octet, and kept to be sent on', async () => {
    const bytes = await captureHello({ servername: name });
    const reader = new HelloReader();
    const readings = [...bytes].map((octet) => reader.push(Buffer.from([octet])));
    expect(readings.pop()).toEqual(hello(name));
    expect(new Set(readings.map(({ kind }) => kind))).toEqual(new Set(['more']));
    expect(reader.bytes).toEqual(bytes);
  });

  test.each([1, 2, 3, 4, 5, 100])('is read from records of %i octets, octet by octet', async (size) => {
    const bytes = inRecords(await captureHello({ servername: name }), size);
    const reader = new HelloReader();
    const readings = [...bytes].map((octet) => reader.push(Buffer.from([octet])));
    expect(readings.pop()).toEqual(hello(name));
    expect(readings.every(({ kind }) => kind === 'more')).toBe(true);
  });

  test('is read when more follows it at once, and that is kept', async () => {
    const bytes = Buffer.concat([await captureHello({ servername: name }), Buffer.from([23, 3, 3, 0, 1, 9])]);
    const reader = new HelloReader();
    expect(reader.push(bytes)).toEqual(hello(name));
    expect(reader.bytes).toEqual(bytes);
  });
});

describe('the name', () => {
  test.each([
    ['in capitals', 'ALLOWED.Example.ORG', name],
    ['with a trailing dot', `${name}.`, name],
    ['in punycode', 'xn--bcher-kva.example.org', 'xn--bcher-kva.example.org'],
  ])('is brought to its normal form: %s', (_, spoken, normal) => {
    expect(read(makeHello({ extensions: [sni(spoken)] }))).toEqual(hello(normal));
  });

  test.each([
    ['an address', '192.0.2.1'],
    ['an address of IPv6', '2001:db8::1'],
    ['an address in hexadecimal', '0xc0000201'],
    ['a name with NUL', 'allowed.example.org\0.evil.test'],
    ['a name of 300 octets', `${'a'.repeat(60)}.`.repeat(5)],
    ['a name that is not ASCII', 'bücher.example.org'],
    ['a name in wide letters', 'ａllowed.example.org'],
    ['a name with a port', 'allowed.example.org:443'],
    ['a name with a line break', 'allowed.example.org\n'],
    ['two trailing dots', 'allowed.example.org..'],
    ['a dot', '.'],
  ])('is no name: %s', (_, spoken) => {
    expect(read(makeHello({ extensions: [sni(spoken)] }))).toEqual(fault('not-a-name'));
  });
});

describe('a hello that says two things, or hides one', () => {
  test('with two host names is malformed', () => {
    expect(read(makeHello({ extensions: [sni(name, 'evil.test')] }))).toEqual(fault('malformed'));
  });

  test('with two server_name extensions is malformed', () => {
    expect(read(makeHello({ extensions: [sni(name), sni('evil.test')] }))).toEqual(fault('malformed'));
  });

  test('with any extension twice is malformed', () => {
    const twice = [[43, Buffer.from([2, 3, 4])] as const, [43, Buffer.from([2, 3, 3])] as const];
    expect(read(makeHello({ extensions: [sni(name), ...twice] }))).toEqual(fault('malformed'));
  });

  test.each([0xfe0d, 0xfe08, 0xffce])('with an encrypted one inside (%i) is told as such', (type) => {
    const extensions = [sni(name), [type, Buffer.alloc(60, 1)] as const];
    expect(read(makeHello({ extensions }))).toEqual(hello(name, true));
    expect(read(makeHello({ extensions: extensions.slice(0, 1) }))).toEqual(hello(name));
  });

  test('with a name of another type than host_name is malformed', () => {
    const [type, content] = sni(name);
    content[2] = 1;
    expect(read(makeHello({ extensions: [[type, content]] }))).toEqual(fault('malformed'));
  });

  test('with an empty name is malformed', () => {
    expect(read(makeHello({ extensions: [sni('')] }))).toEqual(fault('malformed'));
    expect(read(makeHello({ extensions: [[0, Buffer.alloc(0)]] }))).toEqual(fault('malformed'));
  });
});

describe('what is no ClientHello', () => {
  test.each([
    ['plain HTTP', 'GET / HTTP/1.1\r\nHost: allowed.example.org\r\n\r\n'],
    ['SSH', 'SSH-2.0-OpenSSH_10.0\r\n'],
    ['one octet of noise', '\x80'],
    ['a hello of SSL 2', '\x80\x2e\x01\x00\x02'],
    ['TLS of another major version', '\x16\x02'],
    ['an alert', '\x15\x03\x03\x00\x02\x01\x00'],
    ['a ServerHello', '\x16\x03\x03\x00\x40\x02'],
  ])('is known at once: %s', (_, text) => {
    expect(read(Buffer.from(text, 'latin1'))).toEqual(fault('not-tls'));
  });

  test('an empty record, and one over the limit, are malformed', () => {
    expect(read(Buffer.from([22, 3, 1, 0, 0]))).toEqual(fault('malformed'));
    expect(read(Buffer.from([22, 3, 1, 0x40, 1]))).toEqual(fault('malformed'));
  });

  test('a record of another kind between two parts is malformed', () => {
    const whole = makeHello({ extensions: [sni(name)] });
    const parts = inRecords(whole, 40);
    const broken = Buffer.concat([
      parts.subarray(0, 45),
      Buffer.from([20, 3, 3, 0, 1, 1]),
      parts.subarray(45),
    ]);
    expect(read(parts)).toEqual(hello(name));
    expect(read(broken)).toEqual(fault('malformed'));
  });

  test('a second message in the same record is malformed', () => {
    const one = makeHello({ extensions: [sni(name)] }).subarray(5);
    const other = makeHello({ extensions: [sni('evil.test')] }).subarray(5);
    expect(read(recordOf(one))).toEqual(hello(name));
    expect(read(recordOf(Buffer.concat([one, other])))).toEqual(fault('malformed'));
  });

  test('every cut that is closed by its lengths is malformed, and none is read as a name', () => {
    const body = makeHello({ extensions: [[43, Buffer.from([2, 3, 4])], sni(name)] }).subarray(9);
    const readings = Array.from({ length: body.length }, (_, i) =>
      read(recordOf(messageOf(body.subarray(0, i || 1)))),
    );
    const kinds = new Set(
      readings.map((reading) => (reading.kind === 'hello' ? reading.name : reading.kind)),
    );
    expect(kinds, 'a hello may end before its extensions, and names nobody then').toEqual(
      new Set(['fault', null]),
    );
    expect(read(recordOf(messageOf(body)))).toEqual(hello(name));
  });
});

describe('a hello without end', () => {
  test('is too large as soon as it says so', () => {
    expect(read(Buffer.from([22, 3, 1, 0x20, 0, 1, 0, 0x40, 1]))).toEqual({ kind: 'more' });
    const announced = Buffer.concat([Buffer.from([22, 3, 1, 0, 4]), Buffer.from([1, 0, 0x40, 1])]);
    expect(read(announced)).toEqual(fault('too-large'));
  });

  test('is too large when small records carry it beyond the bound', () => {
    const long = inRecords(recordOf(messageOf(Buffer.alloc(16_000, 3))), 1);
    expect(read(long.subarray(0, 32_000))).toEqual({ kind: 'more' });
    expect(read(long)).toEqual(fault('too-large'));
  });
});
