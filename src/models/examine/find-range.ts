import { UnfitModel } from '../failure.js';
import {
  type ModelEntry,
  outputForm,
  SAMPLE_RANGES,
  type SampleRange,
  type SampleType,
} from '../manifest-entry.js';
import { trialSize } from '../onnx/warm-up.js';
import { SAME_PICTURE_DB } from '../providers/golden-tile.js';
import { faultOf, likenessOf, wavyTile, withModel } from './trial.js';

type Ranges = Pick<ModelEntry, 'range' | 'outputRange'>;

/**
 * -1 to 1 is chosen only if it is better by this much. Known networks made for 0 to 1 answer up to 5 dB better in -1 to 1, and the same
 * error counts 6 dB less there.
 */
const CLEARLY_BETTER_DB = 10;

/**
 * Tries all ranges of input and output: first the same for both, then different ones. A network without activation limits works in several;
 * it gets 0 to 1, which nearly all networks are made for.
 * @throws UnfitModel when the network reproduces the picture in no range.
 */
export async function findRange(candidate: ModelEntry, folder: string): Promise<Ranges> {
  const found: string[] = [];
  const failures = new Set<string>();
  let hasAnswer = false;
  const outputRanges = rangesOf(outputForm(candidate).dtype);
  const pairs = rangesOf(candidate.dtype).flatMap((range) =>
    outputRanges.map((outputRange): Ranges => (outputRange === range ? { range } : { range, outputRange })),
  );
  const isSame = ({ outputRange }: Ranges) => outputRange === undefined;
  for (const attempts of [pairs.filter(isSame), pairs.filter((ranges) => !isSame(ranges))]) {
    const fitting: { ranges: Ranges; likeness: number }[] = [];
    for (const ranges of attempts) {
      const likeness = await likenessIn(ranges, candidate, folder);
      if (typeof likeness === 'number' && likeness >= SAME_PICTURE_DB) fitting.push({ ranges, likeness });
      if (typeof likeness === 'number') hasAnswer = true;
      else failures.add(likeness);
      const words = typeof likeness === 'number' ? `${likeness.toFixed(1)} dB` : likeness.replace(/\.$/, '');
      found.push(`${nameOf(ranges)}: ${words}`);
    }
    const signed = fitting.find(({ ranges }) => ranges.range === '-1..1');
    const [usual] = fitting;
    const first =
      usual !== undefined && signed !== undefined && signed.likeness > usual.likeness + CLEARLY_BETTER_DB
        ? signed
        : usual;
    if (first !== undefined) return first.ranges;
  }
  if (!hasAnswer) throw new UnfitModel([...failures].join(' '));
  const fault = await faultOf(candidate, folder);
  throw new UnfitModel(
    `Expected the picture enlarged, but its answers are another picture (by range of the samples, ${found.join('; ')}; at least ${SAME_PICTURE_DB} dB are needed). ${fault ?? 'Does it take something else than RGB?'}`,
  );
}

function rangesOf(dtype: SampleType): readonly SampleRange[] {
  return dtype === 'uint8' ? [255] : SAMPLE_RANGES;
}

function nameOf({ range, outputRange }: Ranges): SampleRange | string {
  return outputRange === undefined ? range : `${range} to ${outputRange}`;
}

/** @returns the candidate with these ranges in place of its own. */
export function withRanges(candidate: ModelEntry, { range, outputRange }: Ranges): ModelEntry {
  const { outputRange: _, ...rest } = candidate;
  return { ...rest, range, ...(outputRange === undefined ? {} : { outputRange }) };
}

function likenessIn(ranges: Ranges, candidate: ModelEntry, folder: string): Promise<number | string> {
  const tile = wavyTile(...trialSize(candidate.sizeRequirements));
  return withModel(withRanges(candidate, ranges), folder, (model) => likenessOf(model, tile));
}
