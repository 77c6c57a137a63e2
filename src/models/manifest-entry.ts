import type { ModelStatus } from '../domain/types.js';

/** The values of black and white: 0 and 1, 0 and 255, or -1 and 1. */
export const SAMPLE_RANGES = [1, 255, '-1..1'] as const;
export type SampleRange = (typeof SAMPLE_RANGES)[number];

export const SAMPLE_TYPES = ['float32', 'float16', 'uint8'] as const;
export type SampleType = (typeof SAMPLE_TYPES)[number];

/** One model, as `models/manifest.json` describes it. */
export interface ModelEntry {
  readonly name: string;
  readonly title: string;
  /** What the model is for, in a sentence; every shipped model has one. */
  readonly purpose?: string;
  readonly family: ModelStatus['family'];
  readonly scale: number;
  readonly licence: string;
  /** File name inside the models folder. */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Download address; absent for embedded models and a user's own. */
  readonly url?: string;
  /** false: hash or size were confirmed by one source only. */
  readonly confirmed: boolean;
  readonly input: string;
  readonly output: string;
  readonly layout: 'nchw' | 'nhwc';
  /** Type of the input, and of the output unless `outputDtype` is given. */
  readonly dtype: SampleType;
  readonly outputDtype?: SampleType;
  /** Range of the input, and of the output unless `outputRange` is given. */
  readonly range: SampleRange;
  readonly outputRange?: SampleRange;
  /** true: `tessera models add` copied the file into the folder, and `tessera models remove` deletes it. */
  readonly copied?: boolean;
  /** Input pixels; `fixed` is [width, height]. */
  readonly sizeRequirements: ModelStatus['sizeRequirements'];
  /** Input pixels that neighbouring tiles share: twice the margin that makes seams invisible. */
  readonly overlapPx: number;
  /**
   * Set for a network that returns flat colour unchanged: the distance in input pixels within which an output pixel depends on the input.
   * Where all of that is one colour, a CPU computes nothing. Absent where it was not measured.
   */
  readonly flatReachPx?: number;
  /** false: the network is meant to change the picture, so its answers are not compared with their tiles. */
  readonly tileCheck?: boolean;
  /** Entry of the same weights in float32, for 16-bit images and for tiles whose int8 output is invalid. */
  readonly floatTwin?: string;
  /** Entry of the same weights in half precision, preferred on a GPU. */
  readonly halfTwin?: string;
}

/** The format of a network's input or output tensor. */
export type TensorForm = Pick<ModelEntry, 'layout' | 'dtype' | 'range'>;

/** @returns the format of a network's output tensor. */
export function outputForm(
  entry: Pick<ModelEntry, keyof TensorForm | 'outputDtype' | 'outputRange'>,
): TensorForm {
  const { layout, dtype, range, outputDtype, outputRange } = entry;
  return { layout, dtype: outputDtype ?? dtype, range: outputRange ?? range };
}

/** Whether input and output are float32, the only type with enough bits for 16-bit images. */
export function isInFloat32(entry: Pick<ModelEntry, 'dtype' | 'outputDtype'>): boolean {
  return entry.dtype === 'float32' && (entry.outputDtype ?? 'float32') === 'float32';
}
