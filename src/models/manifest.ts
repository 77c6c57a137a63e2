import type { ModelStatus } from '../types.js';

/** One model as `models/manifest.json` describes it. Adding a model is adding an entry. */
export interface ModelEntry {
  readonly name: string;
  readonly title: string;
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
  readonly dtype: 'float32' | 'float16' | 'uint8';
  /** Largest sample value of the tensor: 1 or 255. */
  readonly range: number;
  readonly sizeRequirements: ModelStatus['sizeRequirements'];
  /** Input pixels that neighbouring tiles share by default: twice the margin that makes seams invisible. */
  readonly overlapPx: number;
  /** Entry of the same weights in floating point, for 16-bit images and for tiles whose int8 output is invalid. */
  readonly floatTwin?: string;
  /** Entry of the same weights in half precision, preferred on a GPU. */
  readonly halfTwin?: string;
}
