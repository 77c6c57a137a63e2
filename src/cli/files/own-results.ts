import { basename, dirname, resolve } from 'node:path';
import { EXTENSIONS } from '../../domain/download-name.js';
import type { Picture } from '../picture.js';
import { possibleStems } from './distinct-names.js';
import type { LeftOut } from './left-out.js';

const REASON = 'results of an earlier run (name one alone to enlarge it again)';
const RESULT_NAME = new RegExp(`^(.+)_x\\d+(?:\\.\\d+)?\\.(?:${Object.values(EXTENSIONS).join('|')})$`);

/**
 * Takes out what an earlier run has made of others of these pictures, which the shell's `*.jpg` and folders name too: `b_x4.jpg` where `b.jpg` is
 * among them, and it lies where the result of `b.jpg` would. A name alone tells nothing: without its source it may be anybody's.
 */
export function withoutOwnResults(found: readonly Picture[]): { pictures: Picture[]; leftOut: LeftOut[] } {
  const sources = new Map<string, Picture[]>();
  for (const picture of found) {
    if (picture.path === undefined) continue;
    for (const stem of possibleStems(picture.path))
      sources.set(stem, [...(sources.get(stem) ?? []), picture]);
  }
  const pictures: Picture[] = [];
  const leftOut: LeftOut[] = [];
  for (const picture of found) {
    const { path } = picture;
    const stem = path === undefined ? undefined : RESULT_NAME.exec(basename(path))?.[1];
    const isOwn = (sources.get(stem ?? '') ?? []).some((source) => liesWhereResultsDo(picture, source));
    if (path !== undefined && isOwn) leftOut.push({ path, reason: REASON, isPicture: true });
    else pictures.push(picture);
  }
  return { pictures, leftOut };
}

/**
 * Beside the source, in the folder of this run's results, or, of two files below one folder, in a folder like the source's: another
 * run may have had another name for the folder of its results.
 */
function liesWhereResultsDo({ path = '', root }: Picture, source: Picture): boolean {
  const folder = resolve(dirname(path));
  const sourceFolder = resolve(dirname(source.path ?? ''));
  if (folder === sourceFolder) return true;
  if (source.target.kind === 'folder' && folder === resolve(source.target.folder)) return true;
  if (root === undefined || root !== source.root) return false;
  return folder.endsWith(sourceFolder.slice(resolve(root).length));
}
