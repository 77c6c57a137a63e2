import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { packageRoot } from '../../src/host/package-root.js';

/** The table of rooms, `scripts/rooms.json`: from the top down; `npm run docs` writes it into docs/architecture.md. */
export interface RoomTable {
  readonly rooms: readonly { readonly room: string; readonly holds: string }[];
  /** Rooms that must not import others, though these lie below them. */
  readonly apart: readonly { readonly room: string; readonly never: readonly string[] }[];
  /** npm packages that only some rooms may use. */
  readonly packages: readonly { readonly package: string; readonly rooms: readonly string[] }[];
}

export interface SourceFile {
  /** Relative to `src`, with slashes: `models/manifest.ts`. */
  readonly path: string;
  readonly lines: number;
  /** Files of `src` that it imports, types included. */
  readonly imports: readonly string[];
  /** npm packages that it imports more than types of. */
  readonly packages: readonly string[];
}

const SOURCE = join(packageRoot(), 'src');

export function roomTable(): RoomTable {
  return JSON.parse(readFileSync(join(packageRoot(), 'scripts/rooms.json'), 'utf8'));
}

/** Every folder of `src`, itself (as an empty name) included. */
export function sourceFolders(): string[] {
  const folders = readdirSync(SOURCE, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => slashed(join(entry.parentPath, entry.name)));
  return ['', ...folders];
}

/** @returns how many files lie in a folder of `src`, those of its subfolders left out. */
export function filesIn(folder: string): number {
  return readdirSync(join(SOURCE, folder), { withFileTypes: true }).filter((entry) => entry.isFile()).length;
}

/** All TypeScript files of `src`, and the scripts of the page. */
export function sourceFiles(): SourceFile[] {
  return readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|js)$/.test(name))
    .map((name) => readSource(name.replaceAll(sep, '/')));
}

function readSource(path: string): SourceFile {
  const text = readFileSync(join(SOURCE, path), 'utf8');
  const imports = [...text.matchAll(/(?:\bfrom|\bimport\()\s*'(\.[^']+)'/g)]
    .map(([, name = '']) => resolveImport(path, name))
    .filter((name) => name !== undefined);
  const packages = [
    ...text.matchAll(/^import (?!type)[^;]*?from '([^.][^']*)'|\bawait import\('([^.][^']*)'\)/gm),
  ];
  return {
    path,
    lines: text.split('\n').length - 1,
    imports: [...new Set(imports)],
    packages: packages.map(([, named, loaded]) => named ?? loaded ?? ''),
  };
}

/** @returns undefined for what is no file of `src`, such as the page's vendor modules. */
function resolveImport(from: string, name: string): string | undefined {
  const target = posix.join(posix.dirname(from), name);
  const spellings = [target.replace(/\.js$/, '.ts'), target.replace(/\.js$/, '.d.ts'), target];
  return spellings.find((each) => existsSync(join(SOURCE, each)));
}

function slashed(path: string): string {
  return relative(SOURCE, path).replaceAll(sep, '/');
}

/** @returns groups of files that import each other in a circle; none when imports form a tree or a lattice. */
export function importCircles(files: readonly SourceFile[]): string[][] {
  const imports = new Map(files.map(({ path, imports: named }) => [path, named]));
  const done = new Set<string>();
  const circles: string[][] = [];
  const walk = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) circles.push([...trail.slice(start), path]);
    if (start >= 0 || done.has(path)) return;
    for (const next of imports.get(path) ?? []) walk(next, [...trail, path]);
    done.add(path);
  };
  for (const { path } of files) walk(path, []);
  return circles;
}

/** The two rooms between which an import crosses: those below the deepest folder that holds both files. Undefined within a room. */
export function crossing(from: string, to: string): { from: string; to: string } | undefined {
  const a = from.split('/');
  const b = to.split('/');
  let shared = 0;
  while (a[shared] === b[shared]) shared += 1;
  // A room's own files and its inner rooms may use each other.
  const inOwnFiles = (path: string) => dirname(path) === a.slice(0, shared).join('/');
  if (shared > 0 && (inOwnFiles(from) || inOwnFiles(to))) return undefined;
  return { from: a.slice(0, shared + 1).join('/'), to: b.slice(0, shared + 1).join('/') };
}
