/** Tags that turn values into colours, one set of which a profile must have (ICC.1:2022, 8.3 and 8.4). */
const NEEDED: Readonly<Record<'RGB ' | 'GRAY', readonly (readonly string[])[]>> = {
  'RGB ': [['A2B0'], ['rXYZ', 'gXYZ', 'bXYZ', 'rTRC', 'gTRC', 'bTRC']],
  GRAY: [['A2B0'], ['kTRC']],
};

/** Types of the data of these tags. */
const TYPES: ReadonlySet<string> = new Set(['XYZ ', 'curv', 'para', 'mft1', 'mft2', 'mAB ']);

const TAG_COUNT_AT = 128;
const MAX_TAGS = 200;

/**
 * Whether a profile describes such colours and can be used. libvips puts another one in the place of a profile of 16-bit colours that it cannot
 * read; colours without a usable profile must stay as they are.
 */
export function isUsableProfile(icc: Buffer, colours: 'RGB ' | 'GRAY'): boolean {
  if (icc.length < TAG_COUNT_AT + 4 || icc.toString('latin1', 16, 20) !== colours) return false;
  const count = icc.readUInt32BE(TAG_COUNT_AT);
  if (count > MAX_TAGS || TAG_COUNT_AT + 4 + count * 12 > icc.length) return false;
  const usable = new Set<string>();
  for (let at = TAG_COUNT_AT + 4; at < TAG_COUNT_AT + 4 + count * 12; at += 12) {
    const [start, length] = [icc.readUInt32BE(at + 4), icc.readUInt32BE(at + 8)];
    if (start + length <= icc.length && TYPES.has(icc.toString('latin1', start, start + 4)))
      usable.add(icc.toString('latin1', at, at + 4));
  }
  return NEEDED[colours].some((tags) => tags.every((tag) => usable.has(tag)));
}
