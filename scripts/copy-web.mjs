// Copies the page's static files beside its compiled scripts: tsc moves only TypeScript.
import { cpSync } from 'node:fs';
import { join } from 'node:path';

const target = process.argv[2];
if (target === undefined) throw new Error('Expected the folder of the compiled code as the first argument.');
cpSync('src/web', join(target, 'web'), {
  recursive: true,
  filter: (path) => !/(\.ts|tsconfig\.json)$/.test(path),
});
