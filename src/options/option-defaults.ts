import { DEFAULT_TILE_PX } from '../domain/types.js';
import { OPTIONS, type OptionName, type OptionSpec } from './option-table.js';
import type { ValueOf } from './value-spec.js';

/** Options that are about one request: there is no setting for their default. */
const OF_ONE_REQUEST = [
  'width',
  'height',
  'fit',
  'position',
  'max_side',
  'megapixels',
  'dpi',
  'dry_run',
  'use_realesrgan',
] as const;

type Options = typeof OPTIONS;
/** An option whose default is a setting. */
export type NameWithDefault = Exclude<keyof Options, (typeof OF_ONE_REQUEST)[number]>;
/** `tile_size` → `DEFAULT_TILE_SIZE` */
export type DefaultSetting<N extends NameWithDefault> = `DEFAULT_${Uppercase<N>}`;
/** The defaults of the options by the names of their settings; empty for an option without a fixed default. */
export type OptionDefaults = {
  readonly [N in NameWithDefault as DefaultSetting<N>]:
    | ValueOf<Options[N]>
    | (Options[N] extends { default: unknown } ? never : '');
};

/** The options whose default is a setting, in the table's order. `timeout` has its own, `DEFAULT_TIMEOUT_SECONDS`. */
export const OPTIONS_WITH_DEFAULT = (Object.keys(OPTIONS) as (keyof Options)[]).filter(
  (name): name is NameWithDefault => !OF_ONE_REQUEST.some((each) => each === name),
);

/** `tile_size` → `DEFAULT_TILE_SIZE` */
export function defaultSetting<N extends NameWithDefault>(name: N): DefaultSetting<N> {
  return `DEFAULT_${name.toUpperCase()}` as DefaultSetting<N>;
}

/** The settings that the options depend on; part of the configuration. */
export interface OptionLimits extends OptionDefaults {
  readonly DEFAULT_TIMEOUT_SECONDS: number;
  readonly MAX_TIMEOUT_SECONDS: number;
}

/** The limits for work that no connection waits for: the default timeout is the longest one. */
export function patient<L extends OptionLimits>(limits: L): L {
  return { ...limits, DEFAULT_TIMEOUT_SECONDS: limits.MAX_TIMEOUT_SECONDS };
}

/** The options with the limits and defaults that the configuration sets. */
export function optionTable(config: OptionLimits): Readonly<Record<OptionName, OptionSpec>> {
  const table: Record<OptionName, OptionSpec> = {
    ...OPTIONS,
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
  };
  for (const name of OPTIONS_WITH_DEFAULT) {
    const value = config[defaultSetting(name)];
    if (value !== '') table[name] = { ...table[name], default: value };
  }
  return table;
}

/** Neighbouring tiles share at most half a tile. @param tileSizePx the requested tile; undefined or empty: the default one. */
export function maxOverlapPx(tileSizePx: number | '' | undefined): number {
  return Math.floor((tileSizePx || DEFAULT_TILE_PX) / 2);
}
