import { OPTIONS, type OptionName, type OptionSpec } from './option-table.js';

/** Options that are about one request: there is no setting for their default. */
const OF_ONE_REQUEST = ['dry_run', 'use_realesrgan'] as const;

/** An option whose default is a setting. */
export type NameWithDefault = Exclude<keyof typeof OPTIONS, (typeof OF_ONE_REQUEST)[number]>;
/** `tile_size` → `DEFAULT_TILE_SIZE` */
export type DefaultSetting<N extends NameWithDefault = NameWithDefault> = `DEFAULT_${Uppercase<N>}`;

/** The options whose default is a setting, in the table's order. `timeout` has its own, `DEFAULT_TIMEOUT_SECONDS`. */
export const OPTIONS_WITH_DEFAULT = (Object.keys(OPTIONS) as (keyof typeof OPTIONS)[]).filter(
  (name): name is NameWithDefault => !OF_ONE_REQUEST.some((each) => each === name),
);

/** `tile_size` → `DEFAULT_TILE_SIZE` */
export function defaultSetting<N extends NameWithDefault>(name: N): DefaultSetting<N> {
  return `DEFAULT_${name.toUpperCase()}` as DefaultSetting<N>;
}

/** The settings that the options depend on; part of the configuration. */
export interface OptionLimits extends Readonly<Record<DefaultSetting, string>> {
  readonly DEFAULT_TIMEOUT_SECONDS: number;
  readonly MAX_TIMEOUT_SECONDS: number;
}

/** The limits where nobody waits on a connection: unless a request says otherwise, an image may take as long as it may at most. */
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
  for (const name of OPTIONS_WITH_DEFAULT)
    table[name] = withDefault(table[name], config[defaultSetting(name)]);
  return table;
}

/** @param text as the configuration has it, which has judged it; empty: what the option does by itself. */
function withDefault(spec: OptionSpec, text: string): OptionSpec {
  if (text === '') return spec;
  switch (spec.type) {
    case 'number':
    case 'integer':
      return { ...spec, default: Number(text) };
    case 'boolean':
      return { ...spec, default: text === 'true' };
    default:
      return { ...spec, default: text };
  }
}
