import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { dirname, extname, join, relative, resolve, sep } from 'node:path';
import { EXTENSIONS, formatNamed } from '../../domain/download-name.js';
import type { OutputFormat } from '../../domain/types.js';
import type { UpscaleArguments } from '../arguments.js';
import type { Picture, Target } from '../picture.js';
import { UsageError } from '../terminal/usage-error.js';
import { plainStem, withDistinctNames } from './distinct-names.js';
import { expandGlobs } from './expand-globs.js';
import { type LeftOut, leftOutByEnding } from './left-out.js';
import { withoutOwnResults } from './own-results.js';

/** What a folder's files must end with to be taken; a file that is named is taken whatever its name. */
const PICTURE_ENDINGS = new Set(
  '.jpg .jpeg .jpe .jfif .png .webp .tif .tiff .bmp .avif .gif .heic .heif .hif'.split(' '),
);

type Wish = Pick<UpscaleArguments, 'inputs' | 'output' | 'recursive'>;

/** What the arguments name. */
export interface Found {
  readonly pictures: readonly Picture[];
  readonly leftOut: readonly LeftOut[];
}

/**
 * All pictures that the arguments name, in order, each with its target; and what was found beside them and is not enlarged.
 * @throws UsageError when an input is not there, or inputs and output do not go together.
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
  const place: Place = { output, folder: toFolder ? output : undefined };
  const pictures: Picture[] = [];
  const leftOut: LeftOut[] = [];
  for (const input of inputs) {
    if (input === '-') pictures.push({ name: '-', path: undefined, target: targetOfStdin(place) });
    else if (await isFolder(input)) {
      const inside = await picturesIn(input, wish);
      pictures.push(...inside.pictures);
      leftOut.push(...inside.leftOut);
    } else pictures.push({ name: input, path: input, target: targetOf(input, place) });
  }
  checkNoneIsItsOwnTarget(pictures);
  const others = withoutOwnResults(pictures);
  return { pictures: await withDistinctNames(others.pictures), leftOut: [...leftOut, ...others.leftOut] };
}

/** The format that an output's name asks for; undefined when it is no file, or has no ending. @throws UsageError */
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

interface Place {
  readonly output: string | undefined;
  readonly folder: string | undefined;
}

function targetOfStdin({ output, folder }: Place): Target {
  if (folder !== undefined) return { kind: 'folder', folder, stem: 'image' };
  return output === undefined || output === '-' ? { kind: 'stdout' } : { kind: 'file', path: output };
}

function targetOf(input: string, { output, folder }: Place): Target {
  if (output === '-') return { kind: 'stdout' };
  if (folder === undefined && output !== undefined) return { kind: 'file', path: output };
  return { kind: 'folder', folder: folder ?? dirname(input), stem: plainStem(input) };
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
      // Thumbnails and copies of other programs lie in hidden folders.
      if (entry.name.startsWith('.')) continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        // Results of an earlier run, when they lie inside, are no pictures to be enlarged again.
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
        target: { kind: 'folder', folder: target, stem: plainStem(entry.name) },
      });
    }
  };
  await visit(root);
  return { pictures, leftOut };
}

function checkNoneIsItsOwnTarget(pictures: readonly Picture[]): void {
  for (const { path, target, name } of pictures) {
    if (path !== undefined && target.kind === 'file' && resolve(path) === resolve(target.path)) {
      throw new UsageError(`${name} would be overwritten by its own result; name another file with -o.`);
    }
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
