// Copies the page's static files beside the compiled code: tsc moves only TypeScript.
import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';

const target = process.argv[2];
if (target === undefined) throw new Error('Expected the folder of the compiled code as the first argument.');
const source = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..', 'src', 'web');
if (existsSync(source)) {
  cpSync(source, join(target, 'web'), {
    recursive: true,
    filter: (path) => !/(\.ts|tsconfig\.json)$/.test(path),
  });
}
