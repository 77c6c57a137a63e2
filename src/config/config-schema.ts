import { ACCESS_SETTINGS } from './access-settings.js';
import { DEFAULT_SETTINGS } from './default-settings.js';
import { ENGINE_SETTINGS } from './engine-settings.js';
import { JOB_SETTINGS } from './job-settings.js';
import { MODEL_SETTINGS } from './model-settings.js';
import { PROCESS_SETTINGS } from './process-settings.js';
import { REQUEST_SETTINGS } from './request-settings.js';
import type { ConfigOption } from './setting.js';

/** The schema of the configuration: it yields the type, the validation, `.env.example` and docs/configuration.md, in this order. */
export const CONFIG_SCHEMA = {
  ...PROCESS_SETTINGS,
  ...MODEL_SETTINGS,
  ...ACCESS_SETTINGS,
  ...REQUEST_SETTINGS,
  ...DEFAULT_SETTINGS,
  ...JOB_SETTINGS,
  ...ENGINE_SETTINGS,
} as const satisfies Record<string, ConfigOption>;
