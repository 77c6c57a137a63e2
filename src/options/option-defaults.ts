import type { Config } from '../config/config.js';
import { OPTIONS, type OptionName, type OptionSpec } from './option-table.js';
import { type DEFAULT_SETTINGS, defaultSetting, OPTIONS_WITH_DEFAULT } from '../config/default-settings.js';

/** What the options take from the configuration. */
export type OptionLimits = Pick<
  Config,
  'DEFAULT_TIMEOUT_SECONDS' | 'MAX_TIMEOUT_SECONDS' | keyof typeof DEFAULT_SETTINGS
>;

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
