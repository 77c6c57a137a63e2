import { FORMAT_SPELLINGS } from '../domain/download-name.js';
import { FITS, POSITIONS } from '../domain/size-wish.js';
import { AUTO_MODEL, DEFAULT_TILE_PX, OUTPUT_FORMATS } from '../domain/types.js';
import type { ValueSpec } from './value-spec.js';

/**
 * One option of an upscale. The table of options yields the parser, the OpenAPI schema, errors, the settings of defaults, the
 * command line and docs/api.md.
 */
export type OptionSpec = Exclude<ValueSpec, { readonly type: 'list' | 'text' }> & {
  /** Absent when the default depends on something else, which `defaultText` names. */
  readonly default?: string | number | boolean;
  readonly defaultText?: string;
  readonly description: string;
};

export const OPTION_NAMES = [
  'scale',
  'width',
  'height',
  'fit',
  'position',
  'max_side',
  'megapixels',
  'model',
  'strength',
  'sharpen',
  'format',
  'quality',
  'tile_size',
  'tile_overlap',
  'background',
  'metadata',
  'dpi',
  'profile',
  'fallback',
  'timeout',
  'dry_run',
  'use_realesrgan',
] as const;
export type OptionName = (typeof OPTION_NAMES)[number];

/** Longest side that a request may name; the service's limits are lower. */
const MAX_SIDE_PX = 1_000_000;

/** All options but `timeout`, whose limits are settings (`option-defaults.ts`). */
export const OPTIONS = {
  scale: {
    type: 'number',
    minimum: 1,
    maximum: 8,
    defaultText: "the model's (4)",
    description:
      'How much larger; decimals are allowed. The result is exactly `round(width·scale)` × `round(height·scale)`. 1 keeps the size: the network runs, and its answer is reduced to it.',
  },
  width: {
    type: 'integer',
    minimum: 1,
    maximum: MAX_SIDE_PX,
    unit: 'px',
    defaultText: 'what `scale` says',
    description:
      'Width of the result, in place of `scale`; the height follows, or `fit` decides. At most eight times the image. An image that is already as large is only reduced, without a network.',
  },
  height: {
    type: 'integer',
    minimum: 1,
    maximum: MAX_SIDE_PX,
    unit: 'px',
    defaultText: 'what `scale` says',
    description: 'Height of the result, as `width`.',
  },
  fit: {
    type: 'choice',
    choices: FITS,
    defaultText: '`inside`',
    description:
      'How the image fills `width` × `height`. `inside`: all of it, as large as fits. `cover`: exactly that size, the rest is cut off. `fill`: exactly that size, distorted.',
  },
  position: {
    type: 'choice',
    choices: POSITIONS,
    spellings: { center: 'centre' },
    defaultText: '`centre`',
    description: 'The part of the image that `fit=cover` keeps.',
  },
  max_side: {
    type: 'integer',
    minimum: 1,
    maximum: MAX_SIDE_PX,
    unit: 'px',
    defaultText: 'what `scale` says',
    description: 'The longer side of the result, in place of `scale`.',
  },
  megapixels: {
    type: 'number',
    minimum: 0,
    exclusiveMinimum: true,
    maximum: 1_000_000,
    defaultText: 'what `scale` says',
    description: 'Pixels of the result at most, in millions, in place of `scale`.',
  },
  model: {
    type: 'model',
    default: AUTO_MODEL,
    description:
      "A name from `GET /models`, or what the picture needs: `photo`, `drawing`, `fast`, `best`; `GET /models` tells which network each means on this machine. `auto` is the chain's first, `lanczos` turns the network off.",
  },
  strength: {
    type: 'number',
    minimum: 0,
    maximum: 1,
    default: 1,
    description:
      "The network's share in the result, for pictures that it makes too smooth; the rest is plain resampling. 0 is `model=lanczos`.",
  },
  sharpen: {
    type: 'number',
    minimum: 0,
    maximum: 1,
    default: 0,
    description:
      'How much the result is sharpened, at its own size and in brightness only. Flat places stay as they are, and edges get no halos.',
  },
  format: {
    type: 'choice',
    choices: ['auto', ...OUTPUT_FORMATS],
    spellings: FORMAT_SPELLINGS,
    default: 'auto',
    description:
      'Format of the result. `auto`: PNG for transparent or 16-bit images, else the first of WebP and JPEG in `Accept`, else JPEG. `jpg` and `tif` are accepted too.',
  },
  quality: {
    type: 'integer',
    minimum: 1,
    maximum: 100,
    default: 95,
    description: 'For JPEG, WebP and AVIF; PNG and TIFF are lossless.',
  },
  tile_size: {
    type: 'integer',
    minimum: 32,
    maximum: 4096,
    unit: 'px',
    defaultText: `${DEFAULT_TILE_PX} or more`,
    description:
      'Largest side of a tile, in input pixels, margins included. Without this option, tiles are larger when that uses the processors better.',
  },
  tile_overlap: {
    type: 'integer',
    minimum: 0,
    maximum: 1024,
    unit: 'px',
    defaultText: "the model's",
    description: 'Input pixels that neighbouring tiles share; at most half of `tile_size`.',
  },
  background: {
    type: 'colour',
    default: '#ffffff',
    description: 'The colour behind transparency in JPEG.',
  },
  metadata: {
    type: 'choice',
    choices: ['strip', 'keep'],
    default: 'strip',
    description:
      '`keep` copies EXIF and XMP, corrected for the result: no orientation, no thumbnail, the new size. The resolution is always kept.',
  },
  dpi: {
    type: 'integer',
    minimum: 1,
    maximum: 65_535,
    defaultText: "the source's",
    description:
      'Resolution of the result in pixels per inch, for print; in JPEG, PNG and TIFF. It changes no pixel.',
  },
  profile: {
    type: 'choice',
    choices: ['srgb', 'keep'],
    default: 'srgb',
    description:
      "`keep`: colours stay in the source's RGB profile (Display P3, Adobe RGB), which the result gets. A grey profile is kept in JPEG, PNG and TIFF. CMYK becomes sRGB.",
  },
  fallback: {
    type: 'boolean',
    default: true,
    description: '`false`: an error when the first model cannot serve.',
  },
  dry_run: {
    type: 'boolean',
    default: false,
    description: '`true`: answer with the plan and the estimate as JSON; nothing is computed.',
  },
  use_realesrgan: {
    type: 'boolean',
    defaultText: 'what `model` says',
    description:
      'For programs written for other services: `false` means `model=lanczos`, `true` means any other model. New programs use `model`.',
  },
} as const satisfies Readonly<Record<Exclude<OptionName, 'timeout'>, OptionSpec>>;
