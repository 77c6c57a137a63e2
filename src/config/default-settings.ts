import {
  type DefaultSetting,
  defaultSetting,
  type NameWithDefault,
  OPTIONS_WITH_DEFAULT,
} from '../options/option-defaults.js';
import { OPTIONS } from '../options/option-table.js';
import type { OptionDefault } from './setting.js';

/** What an option is where a request does not say it: one setting for each option, from the table of options. */
export const DEFAULT_SETTINGS = Object.fromEntries(
  OPTIONS_WITH_DEFAULT.map((name) => [defaultSetting(name), optionDefault(name)]),
) as Readonly<Record<DefaultSetting, OptionDefault>>;

function optionDefault(name: NameWithDefault): OptionDefault {
  const spec = OPTIONS[name];
  const empty = spec.default === undefined ? `; empty = ${spec.defaultText}` : '';
  return {
    type: 'option',
    spec,
    default: spec.default === undefined ? '' : String(spec.default),
    description: `What \`${name}\` is where a request does not say it${empty}.`,
  };
}
