import { PROVIDERS } from '../domain/types.js';
import type { Setting } from './setting.js';

/** Models: the chain, downloads and execution providers. */
export const MODEL_SETTINGS = {
  MODEL_CHAIN: {
    type: 'list',
    default: ['auto'],
    accepted: '`auto`, or model names in the order to try them, separated by commas',
    description:
      'Models from the first to the last resort; Lanczos always follows. `auto` = the strongest that the machine serves at a useful speed, then lighter ones.',
  },
  MODELS_DOWNLOAD: {
    type: 'choice',
    choices: ['auto', 'off'],
    default: 'auto',
    description:
      '`auto` = the models of the chain that are missing, and `DEFAULT_MODEL`, are downloaded in the background after the start.',
  },
  MODELS_MIRROR: {
    type: 'text',
    default: '',
    accepts: (text) => text === '' || /^https?:$/.test(URL.canParse(text) ? new URL(text).protocol : ''),
    accepted: 'an http or https URL',
    description:
      'Base URL that holds the model files under the names of `manifest.json`; empty = each where it was published.',
  },
  MODEL_IDLE_MINUTES: {
    type: 'number',
    default: 15,
    minimum: 0.01,
    maximum: 100_000,
    unit: 'min',
    description: 'A model that no job used for this long is unloaded.',
  },
  EXECUTION_PROVIDERS: {
    type: 'list',
    default: ['auto'],
    acceptsItem: (item) => item === 'auto' || PROVIDERS.some((provider) => provider === item),
    accepted: `\`auto\`, or some of ${PROVIDERS.join(', ')} in the order to prefer them, separated by commas`,
    description:
      'Where networks run. `auto` = cuda, coreml or dml where installed, then cpu; `webgpu` on request only.',
  },
} as const satisfies Record<string, Setting>;
