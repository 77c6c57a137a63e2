import type { Config } from './config.js';
import { FORMAT_SPELLINGS } from './download-name.js';
import { OUTPUT_FORMATS, USUAL_TILE_PX } from './types.js';

/** One option of an upscale. The table below yields the parser, the OpenAPI schema, errors, the command line and the README. */
export type OptionSpec =
  | {
      readonly type: 'number' | 'integer';
      readonly minimum: number;
      /** true: the minimum itself is not accepted. */
      readonly exclusiveMinimum?: boolean;
      readonly maximum: number;
      readonly unit?: string;
      readonly default?: number;
      readonly defaultText?: string;
      readonly description: string;
    }
  | {
      readonly type: 'choice';
      readonly choices: readonly string[];
      /** Other words for a choice, in small letters. */
      readonly spellings?: Readonly<Record<string, string>>;
      readonly default: string;
      readonly description: string;
    }
  | {
      readonly type: 'boolean';
      readonly default?: boolean;
      readonly defaultText?: string;
      readonly description: string;
    }
  | { readonly type: 'colour'; readonly default: string; readonly description: string }
  | { readonly type: 'model'; readonly defaultText: string; readonly description: string };

export const OPTION_NAMES = [
  'scale',
  'model',
  'format',
  'quality',
  'tile_size',
  'tile_overlap',
  'background',
  'metadata',
  'profile',
  'fallback',
  'timeout',
  'dry_run',
  'use_realesrgan',
] as const;
export type OptionName = (typeof OPTION_NAMES)[number];

/** What the options take from the configuration. */
export type OptionLimits = Pick<Config, 'DEFAULT_TIMEOUT_SECONDS' | 'MAX_TIMEOUT_SECONDS'>;

/** The limits where nobody waits on a connection: unless a request says otherwise, an image may take as long as it may at most. */
export function patient<L extends OptionLimits>(limits: L): L {
  return { ...limits, DEFAULT_TIMEOUT_SECONDS: limits.MAX_TIMEOUT_SECONDS };
}

/** The options with the limits that the configuration sets. */
export function optionTable(config: OptionLimits): Record<OptionName, OptionSpec> {
  return {
    scale: {
      type: 'number',
      minimum: 1,
      exclusiveMinimum: true,
      maximum: 8,
      defaultText: "the model's (4)",
      description:
        'How much larger; decimals are allowed. The result is exactly `round(width·scale)` × `round(height·scale)`.',
    },
    model: {
      type: 'model',
      defaultText: "the chain's first",
      description: 'A name from `GET /models`; `lanczos` turns the network off.',
    },
    format: {
      type: 'choice',
      choices: ['auto', ...OUTPUT_FORMATS],
      spellings: FORMAT_SPELLINGS,
      default: 'auto',
      description:
        'Format of the result. `auto`: PNG for transparent or 16-bit images, else what `Accept` names first of WebP and JPEG, else JPEG. `jpg` and `tif` are understood too.',
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
      default: USUAL_TILE_PX,
      description:
        'Largest piece that the model is given, in input pixels, margins included. Unless it is given, tiles are larger where the processors are better used so.',
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
      description: 'What transparency is flattened on for JPEG.',
    },
    metadata: {
      type: 'choice',
      choices: ['strip', 'keep'],
      default: 'strip',
      description:
        '`keep` copies EXIF and XMP, made true of the result: no orientation, no thumbnail, the new size. The resolution (dpi) is always kept.',
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
      description: '`false`: an error rather than another model than the first.',
    },
    timeout: {
      type: 'number',
      minimum: 0,
      exclusiveMinimum: true,
      maximum: config.MAX_TIMEOUT_SECONDS,
      unit: 's',
      default: Math.min(config.DEFAULT_TIMEOUT_SECONDS, config.MAX_TIMEOUT_SECONDS),
      description:
        'Seconds from the end of the upload to the result, at most `MAX_TIMEOUT_SECONDS`; of a job, seconds of work. A job has `MAX_TIMEOUT_SECONDS` where the request names none.',
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
        'For programs that were written for other services: `false` is `model=lanczos`, `true` is any model but that. New programs name a `model`.',
    },
  };
}

/** What an option accepts, in words: "a whole number from 1 to 100". */
export function acceptedByOption(spec: OptionSpec, models: readonly string[] = []): string {
  switch (spec.type) {
    case 'number':
    case 'integer': {
      const noun = spec.type === 'integer' ? 'a whole number' : 'a number';
      const range = spec.exclusiveMinimum
        ? `above ${spec.minimum} and at most ${spec.maximum}`
        : `from ${spec.minimum} to ${spec.maximum}`;
      return `${noun} ${range}`;
    }
    case 'choice':
      return spec.choices.join(', ');
    case 'boolean':
      return 'true or false';
    case 'colour':
      return 'a colour as #rgb or #rrggbb';
    case 'model':
      return models.length === 0 ? 'a name from GET /models' : models.join(', ');
  }
}
