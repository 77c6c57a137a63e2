import { basename, dirname, resolve } from 'node:path';
import { EXTENSIONS } from '../../domain/download-name.js';
import { type Picture, resultStem } from '../picture.js';
import type { LeftOut } from './left-out.js';

const REASON = 'results of an earlier run (name one alone to enlarge it again)';
const RESULT_NAME = new RegExp(`^(.+)_x\\d+(?:\\.\\d+)?\\.(?:${Object.values(EXTENSIONS).join('|')})$`);

/**
 * Leaves out the results of earlier runs, which folders and the shell's `*.jpg` contain too: `b_x4.jpg` when `b.jpg` is among
 * the pictures and its result would lie there. The name alone proves nothing: without its source, `b_x4.jpg` may be any picture.
 */
export function withoutOwnResults(found: readonly Picture[]): { pictures: Picture[]; leftOut: LeftOut[] } {
  const sources = new Map<string, Picture[]>();
  for (const picture of found) {
    if (picture.path === undefined) continue;
    const stem = resultStem(picture.path);
    sources.set(stem, [...(sources.get(stem) ?? []), picture]);
  }
  const pictures: Picture[] = [];
  const leftOut: LeftOut[] = [];
  for (const picture of found) {
    const { path } = picture;
    const stem = path === undefined ? undefined : RESULT_NAME.exec(basename(path))?.[1];
    const isOwn = sources.get(stem ?? '')?.some((source) => isPlaceOfResult(picture, source));
    if (path !== undefined && isOwn) leftOut.push({ path, reason: REASON, isPicture: true });
    else pictures.push(picture);
  }
  return { pictures, leftOut };
}

/**
 * Whether a picture lies where a result of `source` would: beside it, in this run's folder for results, or, below the same root,
 * in a folder whose path ends like the source's, because an earlier run may have had another folder for results.
 */
function isPlaceOfResult({ path = '', root }: Picture, source: Picture): boolean {
  const folder = resolve(dirname(path));
  const sourceFolder = resolve(dirname(source.path ?? ''));
  if (folder === sourceFolder) return true;
  if (source.target.kind === 'folder' && folder === resolve(source.target.folder)) return true;
  if (root === undefined || root !== source.root) return false;
  return folder.endsWith(sourceFolder.slice(resolve(root).length));
}
