import type { ModelStatus } from '../domain/types.js';

/** 0 to 1, 0 to 255, or -1 to 1. */
export const SAMPLE_RANGES = [1, 255, '-1..1'] as const;
export type SampleRange = (typeof SAMPLE_RANGES)[number];

export const SAMPLE_TYPES = ['float32', 'float16', 'uint8'] as const;
export type SampleType = (typeof SAMPLE_TYPES)[number];

/** One model as `models/manifest.json` describes it. Adding a model is adding an entry. */
export interface ModelEntry {
  readonly name: string;
  readonly title: string;
  /** What it is for, in a sentence; every shipped model has one, a user's own may. */
  readonly purpose?: string;
  readonly family: ModelStatus['family'];
  readonly scale: number;
  readonly licence: string;
  /** File name inside the models folder. */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Where to download it; absent for embedded models and a user's own. */
  readonly url?: string;
  /** false: hash or size comes from one source only. */
  readonly confirmed: boolean;
  readonly input: string;
  readonly output: string;
  readonly layout: 'nchw' | 'nhwc';
  /** Of the input, and of the answer where `outputDtype` does not say another. */
  readonly dtype: SampleType;
  readonly outputDtype?: SampleType;
  /** Between which values the samples lie, from black to white. */
  readonly range: SampleRange;
  /** The same of the answer, where it is another. */
  readonly outputRange?: SampleRange;
  /** true: `tessera models add` put the file there, and `tessera models remove` takes it away. */
  readonly copied?: boolean;
  /** Input pixels; `fixed` is [width, height]. */
  readonly sizeRequirements: ModelStatus['sizeRequirements'];
  /** Input pixels that neighbouring tiles share by default: twice the margin that makes seams invisible. */
  readonly overlapPx: number;
  /**
   * How far an answer depends on the input, in pixels, of a network that gives flat colour back as it is: where all within reach is one
   * colour, nothing is computed on a CPU. Absent where that was not measured.
   */
  readonly flatReachPx?: number;
  /** false: its answers are meant to be other pictures than their tiles, and are not compared with them. */
  readonly tileCheck?: boolean;
  /** Entry of the same weights in floating point, for 16-bit images and for tiles whose int8 output is invalid. */
  readonly floatTwin?: string;
  /** Entry of the same weights in half precision, preferred on a GPU. */
  readonly halfTwin?: string;
}

/** How a network holds its samples. */
export type TensorForm = Pick<ModelEntry, 'layout' | 'dtype' | 'range'>;

/** @returns how a network gives its answers: as it takes its tiles, where the entry does not say otherwise. */
export function outputForm(
  entry: Pick<ModelEntry, keyof TensorForm | 'outputDtype' | 'outputRange'>,
): TensorForm {
  const { layout, dtype, range, outputDtype, outputRange } = entry;
  return { layout, dtype: outputDtype ?? dtype, range: outputRange ?? range };
}

/** Whether a network takes and gives float32, which alone has bits enough for 16-bit images. */
export function isInFloat32(entry: Pick<ModelEntry, 'dtype' | 'outputDtype'>): boolean {
  return entry.dtype === 'float32' && (entry.outputDtype ?? 'float32') === 'float32';
}
