import { describe, expect, test } from 'vitest';
import { planUpstreams } from '../../../src/boot/plan-upstreams.ts';

const engines = 'nameserver 127.0.0.11\nsearch corp.example\noptions ndots:0\n\n';
const publicOnes = ['1.1.1.1', '8.8.8.8'];

describe('whom the resolver asks', () => {
  test.each([
    [
      'resolvers that are not on loopback',
      'nameserver 127.0.0.53\nnameserver 192.0.2.53\n',
      ['192.0.2.53'],
      false,
    ],
    [
      'those that Docker says it asks itself',
      `${engines}# ExtServers: [192.0.2.53 host(127.0.0.53)]\n`,
      ['192.0.2.53'],
      false,
    ],
    [
      'Docker’s, which asks from the machine’s network',
      `${engines}# ExtServers: [host(127.0.0.53)]\n`,
      ['127.0.0.11', ...publicOnes],
      false,
    ],
    ['Docker’s, which does not say whom it asks', engines, ['127.0.0.11', ...publicOnes], true],
    ['the public ones, where another program is on loopback', 'nameserver 127.0.0.53\n', publicOnes, false],
    ['the public ones, where nobody is named', '', publicOnes, false],
    [
      'the public ones, where loopback is all Docker asks of here',
      `nameserver 127.0.0.53\n# ExtServers: [127.0.0.1]\n`,
      publicOnes,
      false,
    ],
  ])('%s', (_, text, upstreams, engineForwards) => {
    expect(planUpstreams(text)).toEqual({ upstreams, engineForwards });
  });
});
