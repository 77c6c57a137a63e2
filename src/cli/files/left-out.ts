import { extname } from 'node:path';

/** A file that was found and is not enlarged. */
export interface LeftOut {
  readonly path: string;
  /** Why, behind "Left out, ": the same words for all files of one kind. */
  readonly reason: string;
  /** Whether it is a picture, which `--json` has a line for. */
  readonly isPicture: boolean;
}

const RAW_ENDINGS =
  '.3fr .arw .cr2 .cr3 .crw .dcr .dng .erf .gpr .iiq .kdc .mef .mos .mrw .nef .nrw .orf .pef .raf .raw .rw2 .rwl .sr2 .srf .srw .x3f';

/** Pictures in folders that are not read, by their usual endings: what people expect to be taken, and to be told of. */
const UNREAD_KINDS: readonly (readonly [kind: string, endings: string])[] = [
  ['camera RAW, which is not read (export it as TIFF or JPEG)', RAW_ENDINGS],
  ['JPEG XL, which is not read', '.jxl'],
  ['JPEG 2000, which is not read', '.jp2 .j2k .jpf .jpx'],
  ['Photoshop files, which are not read', '.psd .psb'],
  ['OpenEXR and HDR, which are not read', '.exr .hdr'],
  ['SVG, which has no pixels to enlarge', '.svg .svgz'],
];

/** Names told for one reason; of a folder with thousands of files, these stand for the others. */
const MAX_NAMES = 5;

/** A file in a folder whose name does not end as a picture's that is read. */
export function leftOutByEnding(path: string): LeftOut {
  const ending = extname(path).toLowerCase();
  const kind = UNREAD_KINDS.find(([, endings]) => endings.split(' ').includes(ending));
  return kind === undefined
    ? { path, reason: 'no pictures by their names', isPicture: false }
    : { path, reason: kind[0], isPicture: true };
}

/** A sentence for each reason, in the order in which they came. */
export function leftOutInWords(files: readonly LeftOut[]): string[] {
  const byReason = new Map<string, string[]>();
  for (const { path, reason } of files) {
    const paths = byReason.get(reason);
    if (paths === undefined) byReason.set(reason, [path]);
    else paths.push(path);
  }
  return [...byReason].map(([reason, paths]) => {
    const others = paths.length - MAX_NAMES;
    const more = others > 0 ? ` and ${others} more` : '';
    return `Left out, ${reason}: ${paths.slice(0, MAX_NAMES).join(', ')}${more}.`;
  });
}
