import { extname } from 'node:path';

/** A file that was found and is not enlarged. */
export interface LeftOut {
  readonly path: string;
  /** The reason, printed behind "Left out, "; the same words for all files of one kind. */
  readonly reason: string;
  /** Whether it is a picture: `--json` prints a line for each picture. */
  readonly isPicture: boolean;
}

const RAW_ENDINGS =
  '.3fr .arw .cr2 .cr3 .crw .dcr .dng .erf .gpr .iiq .kdc .mef .mos .mrw .nef .nrw .orf .pef .raf .raw .rw2 .rwl .sr2 .srf .srw .x3f';

/** Kinds of pictures that are not read, by their usual endings. People expect a folder's pictures to be taken, so the command names them. */
const UNREAD_KINDS: readonly (readonly [kind: string, endings: string])[] = [
  ['camera RAW, which is not read (export it as TIFF or JPEG)', RAW_ENDINGS],
  ['JPEG XL, which is not read', '.jxl'],
  ['JPEG 2000, which is not read', '.jp2 .j2k .jpf .jpx'],
  ['Photoshop files, which are not read', '.psd .psb'],
  ['OpenEXR and HDR, which are not read', '.exr .hdr'],
  ['SVG, which has no pixels to enlarge', '.svg .svgz'],
];

/** Files that are named for one reason; the others are counted. */
const MAX_NAMES = 5;

/** Describes a file in a folder whose ending is not one of a readable picture. */
export function leftOutByEnding(path: string): LeftOut {
  const ending = extname(path).toLowerCase();
  const kind = UNREAD_KINDS.find(([, endings]) => endings.split(' ').includes(ending));
  return kind === undefined
    ? { path, reason: 'no pictures by their names', isPicture: false }
    : { path, reason: kind[0], isPicture: true };
}

/** One sentence for each reason, in the order of their first files. */
export function leftOutInWords(files: readonly LeftOut[]): string[] {
  const byReason = new Map<string, string[]>();
  for (const { path, reason } of files) {
    byReason.set(reason, [...(byReason.get(reason) ?? []), path]);
  }
  return [...byReason].map(([reason, paths]) => {
    const others = paths.length - MAX_NAMES;
    const more = others > 0 ? ` and ${others} more` : '';
    return `Left out, ${reason}: ${paths.slice(0, MAX_NAMES).join(', ')}${more}.`;
  });
}
