import type { Config } from '../../config/config.js';
import { optionTable } from '../../options/option-defaults.js';
import { OPTION_NAMES, type OptionSpec } from '../../options/option-table.js';
import { accepted } from '../../options/value-spec.js';

/**
 * JSON schemas of the options. None has a `default`, because forms and generated clients would send it with every
 * request. There it may contradict another option, and for jobs it may be another value. The description names it
 * instead.
 */
export function optionProperties(config: Config): Record<string, object> {
  const table = optionTable(config);
  return Object.fromEntries(
    OPTION_NAMES.map((name) => [name, { ...valueSchema(table[name]), description: describe(table[name]) }]),
  );
}

function valueSchema(spec: OptionSpec): object {
  switch (spec.type) {
    case 'number':
    case 'integer':
      return {
        type: spec.type,
        [spec.exclusiveMinimum ? 'exclusiveMinimum' : 'minimum']: spec.minimum,
        maximum: spec.maximum,
      };
    case 'choice':
      return { type: 'string', enum: [...spec.choices, ...Object.keys(spec.spellings ?? {})] };
    case 'boolean':
      return { type: 'boolean' };
    case 'colour':
      return { type: 'string', pattern: '^#?([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$' };
    case 'model':
      return { type: 'string' };
  }
}

function describe(spec: OptionSpec): string {
  const unit = 'unit' in spec && spec.unit !== undefined ? ` ${spec.unit}` : '';
  const usual = spec.default === undefined ? spec.defaultText : `\`${spec.default}\`${unit}`;
  return `${spec.description} Accepted: ${accepted(spec)}${unit}. When left out: ${usual}.`;
}
