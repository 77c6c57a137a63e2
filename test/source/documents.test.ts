import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { packageRoot } from '../../src/host/package-root.js';
import { sourceFolders } from './source-tree.js';

const root = packageRoot();
const pages = [
  'README.md',
  'models/README.md',
  ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`),
]
  .filter((name) => name.endsWith('.md'))
  .map((name) => ({ name, text: readFileSync(join(root, name), 'utf8') }));

/** `models/manifest`, `models/manifest.ts` and `models/` are files or folders of `src`; a first word that is no room names something else. */
function isInSource(path: string): boolean {
  return ['', '.ts'].some((ending) => existsSync(join(root, 'src', path + ending)));
}

test('every file of the source that the documents name is there', () => {
  const rooms = new Set(sourceFolders().filter((folder) => folder !== '' && !folder.includes('/')));
  const missing = pages.flatMap(({ name, text }) =>
    [...text.matchAll(/`([a-z]+(?:\/[a-z0-9-]+)+(?:\.ts)?)`/g)]
      .map(([, path = '']) => path)
      .filter(
        (path) => rooms.has(path.split('/')[0] ?? '') && !isInSource(path) && !existsSync(join(root, path)),
      )
      .map((path) => `${name}: ${path}`),
  );
  assert.deepEqual(missing, []);
});

test('every link from one document to another leads somewhere', () => {
  const heading = (text: string) =>
    [...text.matchAll(/^#+ (.*)$/gm)].map(([, words = '']) =>
      words
        .toLowerCase()
        .replace(/[^\p{L}\p{N} -]/gu, '')
        .replaceAll(' ', '-'),
    );
  const broken = pages.flatMap(({ name, text }) =>
    [...text.matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)/g)]
      .filter(([, path = '', anchor]) => {
        const target = path === '' ? name : join(dirname(name), path);
        if (!existsSync(join(root, target))) return true;
        return anchor !== undefined && !heading(readFileSync(join(root, target), 'utf8')).includes(anchor);
      })
      .map(([link]) => `${name}: ${link}`),
  );
  assert.deepEqual(broken, []);
});
