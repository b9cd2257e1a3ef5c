/** The project in `cloister-demo/hello`, contents by path: small, and something to do in it. */
export const helloProject: Record<string, string> = {
  'README.md': `# hello

Greets people by name, in the language they ask for.

    node src/main.js Ada
    node src/main.js Ada --language=de

\`npm test\` runs the tests.
`,
  'package.json': `{
  "name": "hello",
  "version": "0.2.0",
  "description": "Greets people by name",
  "type": "module",
  "license": "MIT",
  "bin": { "hello": "src/main.js" },
  "scripts": { "start": "node src/main.js", "test": "node --test" }
}
`,
  'src/greet.js': `const greetings = { en: 'Hello', de: 'Guten Tag', fr: 'Bonjour' };

/** The greeting for \`name\`; an unknown language falls back to English. */
export function greet(name, language = 'en') {
  const greeting = greetings[language] ?? greetings.en;
  return \`\${greeting}, \${name}!\`;
}
`,
  'src/main.js': `#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { greet } from './greet.js';

const { values, positionals } = parseArgs({
  options: { language: { type: 'string', default: 'en' } },
  allowPositionals: true,
});
console.log(greet(positionals[0] ?? 'world', values.language));
`,
  'test/greet.test.js': `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { greet } from '../src/greet.js';

test('greets in English unless told otherwise', () => {
  assert.equal(greet('Ada'), 'Hello, Ada!');
});

test('greets in German', () => {
  assert.equal(greet('Ada', 'de'), 'Guten Tag, Ada!');
});
`,
  '.gitignore': 'node_modules/\n',
};
