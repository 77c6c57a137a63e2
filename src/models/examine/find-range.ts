import { UnfitModel } from '../failure.js';
import {
  type ModelEntry,
  outputForm,
  SAMPLE_RANGES,
  type SampleRange,
  type SampleType,
} from '../manifest-entry.js';
import { faultOf, likenessOf, SAME_PICTURE_DB, trialSide, wavyTile, withModel } from './trial.js';

/** The samples that a network takes, and those that it gives where they lie elsewhere. */
export type Ranges = Pick<ModelEntry, 'range' | 'outputRange'>;

/**
 * Networks that were at hand answer up to 5 dB better in -1 to 1 though they are made for 0 to 1, and an error that is the same in
 * both ranges counts 6 dB less: -1 to 1 is taken first where it is better by more than that.
 */
const CLEARLY_BETTER_DB = 10;

/**
 * Tries the ranges: first those that are one for input and answer, then the mixed ones. Networks without bounds give the picture back
 * in several; they get 0 to 1, as nearly all of them want.
 * @throws UnfitModel when no range gives back the picture.
 */
export async function findRange(candidate: ModelEntry, folder: string): Promise<Ranges> {
  const found: string[] = [];
  const failures = new Set<string>();
  let hasAnswer = false;
  for (const attempts of [alike(candidate), mixed(candidate)]) {
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
  // In any range the same: what is wrong is not the range.
  if (!hasAnswer) throw new UnfitModel([...failures].join(' '));
  const fault = await faultOf(candidate, folder);
  throw new UnfitModel(
    `Expected the picture enlarged, but its answers are another picture (by range of the samples, ${found.join('; ')}; at least ${SAME_PICTURE_DB} dB are needed). ${fault ?? 'Does it take something else than RGB?'}`,
  );
}

function alike(candidate: ModelEntry): Ranges[] {
  const given = rangesOf(outputForm(candidate).dtype);
  return rangesOf(candidate.dtype).flatMap((range) => (given.includes(range) ? [{ range }] : []));
}

function mixed(candidate: ModelEntry): Ranges[] {
  const given = rangesOf(outputForm(candidate).dtype);
  return rangesOf(candidate.dtype).flatMap((range) =>
    given.filter((outputRange) => outputRange !== range).map((outputRange) => ({ range, outputRange })),
  );
}

function rangesOf(dtype: SampleType): readonly SampleRange[] {
  return dtype === 'uint8' ? [255] : SAMPLE_RANGES;
}

function nameOf({ range, outputRange }: Ranges): SampleRange | string {
  return outputRange === undefined ? range : `${range} to ${outputRange}`;
}

/** The ranges in the place of the candidate's own. */
export function withRanges(candidate: ModelEntry, { range, outputRange }: Ranges): ModelEntry {
  const { outputRange: _, ...rest } = candidate;
  return { ...rest, range, ...(outputRange === undefined ? {} : { outputRange }) };
}

function likenessIn(ranges: Ranges, candidate: ModelEntry, folder: string): Promise<number | string> {
  const { fixed, multipleOf } = candidate.sizeRequirements;
  const [width, height] = fixed ?? [trialSide(multipleOf), trialSide(multipleOf)];
  return withModel(withRanges(candidate, ranges), folder, (model) =>
    likenessOf(model, wavyTile(width, height)),
  );
}
