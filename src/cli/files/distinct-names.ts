import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { cutToBytes, MAX_STEM_BYTES } from '../../domain/download-name.js';
import type { Picture } from '../picture.js';

/**
 * What a picture's result may be called, the plainest first. Each follows from the picture's own path alone: a picture that is
 * added later never gets a name under which another one's result lies already.
 */
const NAMES: readonly ((path: string) => string)[] = [
  plainStem,
  (path) => fitting(withEnding(path)),
  (path) => fitting(`${basename(dirname(resolve(path)))}-${withEnding(path)}`),
  (path) => fitting(`${withEnding(path)}-${digest(resolve(path))}`),
];

interface Named {
  readonly picture: Picture;
  /** Which of `NAMES` it has. */
  readonly level: number;
}

/**
 * A picture named twice is done once. `a.jpg` and `a.png` with results in one folder become `a-jpg_x4` and `a-png_x4`;
 * `x/a.jpg` and `y/a.jpg` become `x-a-jpg_x4` and `y-a-jpg_x4`.
 */
export async function withDistinctNames(pictures: readonly Picture[]): Promise<Picture[]> {
  const byPath = new Map(pictures.map((picture) => [picture.path && resolve(picture.path), picture]));
  let named: Named[] = [...byPath.values()].map((picture) => ({ picture, level: 0 }));
  for (let round = 1; round < NAMES.length; round += 1) {
    const sharing = groupsOf(named);
    named = named.map((each) => ((sharing.get(keyOf(each)) ?? []).length > 1 ? renamed(each) : each));
  }
  return withPlainResults(named.map(({ picture }) => picture));
}

function renamed({ picture, level }: Named): Named {
  const { path, target } = picture;
  const nameOf = NAMES[level + 1];
  if (path === undefined || target.kind !== 'folder' || nameOf === undefined) return { picture, level };
  return { picture: { ...picture, target: { ...target, stem: nameOf(path) } }, level: level + 1 };
}

/**
 * Before another picture of its name came, a picture's result had the plain name. Whose that is, is told by time: of those
 * that would have it, the one that alone was there, unchanged, when it was written.
 */
async function withPlainResults(pictures: readonly Picture[]): Promise<Picture[]> {
  const plainOf = ({ path, target }: Picture) => {
    const stem = path === undefined ? undefined : NAMES[0]?.(path);
    return stem === undefined || target.kind !== 'folder' ? undefined : join(resolve(target.folder), stem);
  };
  const rivals = new Map<string | undefined, Picture[]>();
  for (const picture of pictures) {
    const plain = plainOf(picture)?.toLowerCase();
    rivals.set(plain, [...(rivals.get(plain) ?? []), picture]);
  }
  const oldest = new Map<Picture, Picture>();
  for (const [plain, group] of rivals) {
    if (plain === undefined || group.length < 2) continue;
    const [first, second] = (await Promise.all(group.map(changeOf))).sort((a, b) => a.ms - b.ms);
    if (first === undefined || second === undefined) continue;
    const { path, target } = first.picture;
    if (path === undefined || target.kind !== 'folder') continue;
    const stem = NAMES[0]?.(path) ?? target.stem;
    const plainResult = { stem, fromMs: first.ms, toMs: second.ms };
    oldest.set(first.picture, { ...first.picture, target: { ...target, plainResult } });
  }
  return pictures.map((picture) => oldest.get(picture) ?? picture);
}

/** When a picture came to its place or was changed last; a file that is not there came never. */
async function changeOf(picture: Picture): Promise<{ picture: Picture; ms: number }> {
  const ms = await stat(picture.path ?? '').then(
    ({ ctimeMs }) => ctimeMs,
    () => Number.POSITIVE_INFINITY,
  );
  return { picture, ms };
}

function groupsOf(named: readonly Named[]): Map<string | undefined, Named[]> {
  const groups = new Map<string | undefined, Named[]>();
  for (const each of named) {
    const key = keyOf(each);
    if (key !== undefined) groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return groups;
}

/** The result's place without its ending, on file systems that know no case either. */
function keyOf({ picture: { target } }: Named): string | undefined {
  return target.kind === 'folder' ? join(resolve(target.folder), target.stem).toLowerCase() : undefined;
}

/** What a picture's result is called where no other wants that name: the picture's name without its ending. */
export function plainStem(path: string): string {
  return fitting(basename(path, extname(path)));
}

/** A stem with room behind it for scale and ending. One that is cut has a digest of the whole, so that two names stay two. */
function fitting(stem: string): string {
  if (Buffer.byteLength(stem) <= MAX_STEM_BYTES) return stem;
  const mark = `-${digest(stem)}`;
  return cutToBytes(stem, MAX_STEM_BYTES - mark.length) + mark;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

/** All names without scale and ending that a picture's result may have had, in whatever company the picture was. */
export function possibleStems(path: string): readonly string[] {
  return NAMES.map((nameOf) => nameOf(path));
}

/** `a.jpg` → `a-jpg`. */
function withEnding(path: string): string {
  return `${basename(path, extname(path))}-${extname(path).slice(1)}`;
}
