import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { dirname, extname, join, relative, resolve, sep } from 'node:path';
import { EXTENSIONS, formatNamed } from '../../domain/download-name.js';
import type { OutputFormat } from '../../domain/types.js';
import type { UpscaleArguments } from '../arguments.js';
import { type Picture, resultStem, type Target } from '../picture.js';
import { UsageError } from '../terminal/usage-error.js';
import { expandGlobs } from './expand-globs.js';
import { type LeftOut, leftOutByEnding } from './left-out.js';
import { withoutOwnResults } from './own-results.js';

/** Endings of the pictures that are taken from a folder; a file that is named itself may have any ending. */
const PICTURE_ENDINGS = new Set(
  '.jpg .jpeg .jpe .jfif .png .webp .tif .tiff .bmp .avif .gif .heic .heif .hif'.split(' '),
);

type Wish = Pick<UpscaleArguments, 'inputs' | 'output' | 'recursive'>;

/** The pictures that the arguments name, and the files that were found beside them and are not enlarged. */
export interface Found {
  readonly pictures: readonly Picture[];
  readonly leftOut: readonly LeftOut[];
}

/**
 * Finds the pictures that the arguments name, in order and each one once, with their targets.
 * @throws UsageError when a pattern matches nothing, when inputs and output do not go together, or when two results would have
 *   the same name.
 */
export async function findPictures(wish: Wish): Promise<Found> {
  const { output } = wish;
  const inputs = await expandGlobs(wish.inputs);
  if (inputs.filter((input) => input === '-').length > 1) {
    throw new UsageError('Standard input ("-") can be read only once.');
  }
  const outputStats = output === undefined || output === '-' ? undefined : await statOf(output);
  const several = inputs.length > 1 || (await Promise.all(inputs.map(isFolder))).includes(true);
  const toFolder =
    output !== undefined && output !== '-' && (several || outputStats?.isDirectory() || endsAsFolder(output));
  if (toFolder && outputStats !== undefined && !outputStats.isDirectory()) {
    throw new UsageError(`Several results cannot go to the one file ${output}; name a folder.`);
  }
  if (toFolder && outputStats === undefined && !endsAsFolder(output) && isPictureName(output)) {
    throw new UsageError(
      `Several results cannot go to the one picture ${output}; name a folder (${output}/ makes one of that name).`,
    );
  }
  if (output === '-' && several) {
    throw new UsageError('Standard output takes one picture; name a folder with -o for several.');
  }
  const pictures: Picture[] = [];
  const leftOut: LeftOut[] = [];
  for (const input of inputs) {
    if (await isFolder(input)) {
      const inside = await picturesIn(input, wish);
      pictures.push(...inside.pictures);
      leftOut.push(...inside.leftOut);
      continue;
    }
    const path = input === '-' ? undefined : input;
    pictures.push({ name: input, path, target: targetOf(path, output, toFolder ? output : undefined) });
  }
  const distinct = new Map(pictures.map((picture) => [picture.path && resolve(picture.path), picture]));
  const taken = withoutOwnResults([...distinct.values()]);
  checkTargets(taken.pictures);
  return { pictures: taken.pictures, leftOut: [...leftOut, ...taken.leftOut] };
}

/** The format that the ending of an output file names; undefined without an ending. @throws UsageError for an unknown one. */
export function formatOfName(target: Target): OutputFormat | undefined {
  if (target.kind !== 'file') return undefined;
  const ending = extname(target.path).slice(1).toLowerCase();
  if (ending === '') return undefined;
  const format = formatNamed(ending);
  if (format === undefined) {
    throw new UsageError(
      `${target.path}: no format is called "${ending}"; known are ${Object.values(EXTENSIONS).join(', ')}.`,
    );
  }
  return format;
}

/** @param folder for the results; undefined when `output` is not a folder. */
function targetOf(path: string | undefined, output: string | undefined, folder: string | undefined): Target {
  if (folder !== undefined)
    return { kind: 'folder', folder, stem: path === undefined ? 'image' : resultStem(path) };
  if (output !== undefined && output !== '-') return { kind: 'file', path: output };
  if (output === '-' || path === undefined) return { kind: 'stdout' };
  return { kind: 'folder', folder: dirname(path), stem: resultStem(path) };
}

async function picturesIn(root: string, { recursive, output }: Wish): Promise<Found> {
  if (!recursive) throw new UsageError(`${root} is a folder; add -r to take the pictures in it.`);
  if (output === undefined)
    throw new UsageError(`Where to? Name a folder for the results of ${root} with -o.`);
  const own = resolve(output);
  const pictures: Picture[] = [];
  const leftOut: LeftOut[] = [];
  const visit = async (folder: string): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      // Hidden folders hold thumbnails and copies of other programs.
      if (entry.name.startsWith('.')) continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        // The folder of the results may lie inside: an earlier result is not enlarged again.
        if (resolve(path) !== own) await visit(path);
        else leftOut.push({ path, reason: 'the folder of the results', isPicture: false });
      } else if (entry.isSymbolicLink())
        leftOut.push({ path, reason: 'links, which are not followed', isPicture: false });
      if (!entry.isFile()) continue;
      if (!isPictureName(entry.name)) {
        leftOut.push(leftOutByEnding(path));
        continue;
      }
      const target = join(output, relative(root, folder));
      pictures.push({
        name: path,
        path,
        root,
        target: { kind: 'folder', folder: target, stem: resultStem(entry.name) },
      });
    }
  };
  await visit(root);
  return { pictures, leftOut };
}

/** @throws UsageError when a result would overwrite its own picture, or two results would have one name. */
function checkTargets(pictures: readonly Picture[]): void {
  const byTarget = new Map<string, string>();
  for (const { path, target, name } of pictures) {
    if (target.kind === 'stdout') continue;
    const place = resolve(target.kind === 'file' ? target.path : join(target.folder, target.stem));
    if (target.kind === 'file' && path !== undefined && resolve(path) === place) {
      throw new UsageError(`${name} would be overwritten by its own result; name another file with -o.`);
    }
    // Many file systems do not distinguish upper and lower case.
    const other = byTarget.get(place.toLowerCase());
    if (other !== undefined) {
      throw new UsageError(
        `The results of ${other} and ${name} would have the same name. Rename one of the pictures, or enlarge them in two calls with different folders (-o FOLDER) or formats (--format).`,
      );
    }
    byTarget.set(place.toLowerCase(), name);
  }
}

function isPictureName(path: string): boolean {
  return PICTURE_ENDINGS.has(extname(path).toLowerCase());
}

function endsAsFolder(path: string): boolean {
  return path.endsWith('/') || path.endsWith(sep);
}

async function isFolder(path: string): Promise<boolean> {
  return path !== '-' && ((await statOf(path))?.isDirectory() ?? false);
}

async function statOf(path: string): Promise<Stats | undefined> {
  return stat(path).catch(() => undefined);
}
