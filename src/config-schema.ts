import { ACCESS_SETTINGS } from './settings/access.js';
import type { ConfigOption } from './settings/config-option.js';
import { DEFAULT_SETTINGS } from './settings/defaults.js';
import { ENGINE_SETTINGS } from './settings/engines.js';
import { JOB_SETTINGS } from './settings/jobs.js';
import { MODEL_SETTINGS } from './settings/models.js';
import { PROCESS_SETTINGS } from './settings/process.js';
import { REQUEST_SETTINGS } from './settings/requests.js';

/** The schema of the configuration: it yields the type, the validation, `.env.example` and the README's table, in this order. */
export const CONFIG_SCHEMA = {
  ...PROCESS_SETTINGS,
  ...MODEL_SETTINGS,
  ...ACCESS_SETTINGS,
  ...REQUEST_SETTINGS,
  ...DEFAULT_SETTINGS,
  ...JOB_SETTINGS,
  ...ENGINE_SETTINGS,
} as const satisfies Record<string, ConfigOption>;
