import { expect, test } from 'vitest';
import { sessionEnvironment } from '../../../src/agents/session-environment.ts';

const files = (...there: string[]) => ({
  facts: (path: string) =>
    there.includes(path) ? { uid: 0, gid: 0, mode: 0o755, kind: 'folder' as const } : null,
});
const of = (locale: string | null, ...there: string[]) =>
  sessionEnvironment(files(...there), { session: { variables: { A: 'b' }, zone: 'Asia/Tokyo', locale } });

test('the session has what was handed on, its zone, and the locale that the image has', () => {
  expect(of(null)).toEqual({ A: 'b', TZ: 'Asia/Tokyo' });
  expect(of('C.UTF-8')).toMatchObject({ LANG: 'C.UTF-8' });
  expect(of('de_DE.UTF-8')).not.toHaveProperty('LANG');
  expect(of('de_DE.UTF-8', '/usr/lib/locale/de_DE.utf8')).toMatchObject({ LANG: 'de_DE.UTF-8' });
  expect(of('de_DE.UTF-8', '/usr/lib/locale/locale-archive')).toMatchObject({ LANG: 'de_DE.UTF-8' });
});
