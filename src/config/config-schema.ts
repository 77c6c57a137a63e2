import {
  type DefaultSetting,
  defaultSetting,
  type NameWithDefault,
  OPTIONS_WITH_DEFAULT,
} from '../options/option-defaults.js';
import { OPTIONS, type OptionSpec } from '../options/option-table.js';
import { ACCESS_SETTINGS } from './access-settings.js';
import { ENGINE_SETTINGS } from './engine-settings.js';
import { JOB_SETTINGS } from './job-settings.js';
import { MODEL_SETTINGS } from './model-settings.js';
import { PROCESS_SETTINGS } from './process-settings.js';
import { REQUEST_SETTINGS } from './request-settings.js';
import type { Setting } from './setting.js';

/** One setting for the default of each option, made from the table of options. */
const DEFAULT_SETTINGS = Object.fromEntries(
  OPTIONS_WITH_DEFAULT.map((name) => {
    const spec: OptionSpec = OPTIONS[name];
    const empty = spec.default === undefined ? `; empty = ${spec.defaultText}` : '';
    const description = `Default of the option \`${name}\`${empty}.`;
    const setting: Setting = { ...spec, default: spec.default ?? '', emptyIsDefault: true, description };
    return [defaultSetting(name), setting];
  }),
) as { readonly [N in NameWithDefault as DefaultSetting<N>]: Setting };

/** The schema of the configuration: it yields the type, the validation, `.env.example` and docs/configuration.md, in this order. */
export const CONFIG_SCHEMA = {
  ...PROCESS_SETTINGS,
  ...MODEL_SETTINGS,
  ...ACCESS_SETTINGS,
  ...REQUEST_SETTINGS,
  ...DEFAULT_SETTINGS,
  ...JOB_SETTINGS,
  ...ENGINE_SETTINGS,
} as const satisfies Record<string, Setting>;
