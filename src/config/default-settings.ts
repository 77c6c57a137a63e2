import { OPTIONS } from '../options/option-table.js';
import type { OptionDefault } from './setting.js';

/** Options that are about one request: there is no setting for their default. */
const OF_ONE_REQUEST = ['dry_run', 'use_realesrgan'] as const;

type Name = Exclude<keyof typeof OPTIONS, (typeof OF_ONE_REQUEST)[number]>;
type SettingOf<N extends Name> = `DEFAULT_${Uppercase<N>}`;

/** The options whose default is a setting, in the table's order. `timeout` has its own, `DEFAULT_TIMEOUT_SECONDS`. */
export const OPTIONS_WITH_DEFAULT = (Object.keys(OPTIONS) as (keyof typeof OPTIONS)[]).filter(
  (name): name is Name => !OF_ONE_REQUEST.some((each) => each === name),
);

/** `tile_size` → `DEFAULT_TILE_SIZE` */
export function defaultSetting<N extends Name>(name: N): SettingOf<N> {
  return `DEFAULT_${name.toUpperCase()}` as SettingOf<N>;
}

/** What an option is where a request does not say it: one setting for each option, from the table of options. */
export const DEFAULT_SETTINGS = Object.fromEntries(
  OPTIONS_WITH_DEFAULT.map((name) => [defaultSetting(name), optionDefault(name)]),
) as Readonly<Record<SettingOf<Name>, OptionDefault>>;

function optionDefault(name: Name): OptionDefault {
  const spec = OPTIONS[name];
  const empty = spec.default === undefined ? `; empty = ${spec.defaultText}` : '';
  return {
    type: 'option',
    spec,
    default: spec.default === undefined ? '' : String(spec.default),
    description: `What \`${name}\` is where a request does not say it${empty}.`,
  };
}
