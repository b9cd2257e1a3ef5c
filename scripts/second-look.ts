// Prints the NAMEs of the files of bats that may run once more, one a line, by what they left in a folder (NAME.tap).
// Usage: second-look.ts FOLDER
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { chooseSecondLooks } from './choose-second-looks.ts';

const [folder = ''] = process.argv.slice(2);
const files = readdirSync(folder)
  .filter((file) => file.endsWith('.tap'))
  .map((file) => ({ name: basename(file, '.tap'), tap: readFileSync(join(folder, file), 'utf8') }));
for (const name of chooseSecondLooks(files)) console.log(name);
