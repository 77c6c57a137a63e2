import { isTrustProxy } from './trust-proxy.js';
import { PROVIDERS } from './types.js';

/** The schema of the configuration: it yields the type, the validation, `.env.example` and the README's table. */
interface OptionBase<T> {
  readonly default: T;
  /** One line for the README and `.env.example`. */
  readonly description: string;
}
interface IntegerOption extends OptionBase<number> {
  readonly type: 'integer' | 'number';
  readonly minimum: number;
  readonly maximum: number;
  readonly unit?: string;
}
interface StringOption extends OptionBase<string> {
  readonly type: 'string';
  readonly accepts?: (text: string) => boolean;
  /** What that is, in words. */
  readonly accepted?: string;
}
interface BooleanOption extends OptionBase<boolean> {
  readonly type: 'boolean';
}
interface ChoiceOption<T extends string> extends OptionBase<T> {
  readonly type: 'choice';
  readonly choices: readonly T[];
}
/** A comma-separated list; empty means none. */
interface ListOption extends OptionBase<readonly string[]> {
  readonly type: 'list';
  readonly acceptsItem?: (item: string) => boolean;
  readonly accepted: string;
}
export type ConfigOption = IntegerOption | StringOption | BooleanOption | ChoiceOption<string> | ListOption;

/** `default: 0` with "0 = …" in the description means: chosen from the machine. */
export const CONFIG_SCHEMA = {
  HOST: { type: 'string', default: '0.0.0.0', description: 'Address to listen on.' },
  PORT: {
    type: 'integer',
    default: 8000,
    minimum: 0,
    maximum: 65535,
    description: 'Port to listen on; 0 takes a free one.',
  },
  LOG_LEVEL: {
    type: 'choice',
    choices: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    default: 'info',
    description: 'Least severe log line that is written.',
  },
  LOG_DIR: {
    type: 'string',
    default: 'logs',
    description:
      'Folder of the rotated log files; standard output alone when it cannot be written or is empty. A relative path counts from the folder of the package.',
  },
  TEMP_DIR: {
    type: 'string',
    default: 'temp_uploads',
    description:
      'Folder of the job folders; put it on a disk with room for uploads and results. A relative path counts from the folder of the package.',
  },
  MODELS_DIR: {
    type: 'string',
    default: 'models',
    description:
      'Folder of `manifest.json` and the model files. A relative path counts from the folder of the package.',
  },
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
      '`auto` = the models of the chain that are missing are downloaded in the background after the start.',
  },
  MODELS_MIRROR: {
    type: 'string',
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
    description: 'A model that nobody used for this long is unloaded.',
  },
  EXECUTION_PROVIDERS: {
    type: 'list',
    default: ['auto'],
    acceptsItem: (item) => item === 'auto' || PROVIDERS.some((provider) => provider === item),
    accepted: `\`auto\`, or some of ${PROVIDERS.join(', ')} in the order to prefer them, separated by commas`,
    description:
      'Where networks run. `auto` = cuda, coreml or dml where installed, then cpu; `webgpu` on request only.',
  },
  CORS_ORIGINS: {
    type: 'list',
    default: ['*'],
    acceptsItem: (item) => item === '*' || isOrigin(item),
    accepted: '`*`, or origins (`https://example.org`) separated by commas',
    description: 'Origins whose pages may call the service.',
  },
  API_KEYS: {
    type: 'list',
    default: [],
    accepted: 'keys separated by commas',
    description:
      'When set, a request needs one of them in `X-API-Key` or as a bearer token, `/metrics` too; the page, the API documentation and `/health` stay open.',
  },
  TRUST_PROXY: {
    type: 'string',
    default: 'false',
    accepts: isTrustProxy,
    accepted: 'false, true, or addresses and networks separated by commas',
    description:
      'Whose `X-Forwarded-For` counts: `false`, or addresses and networks separated by commas. `true` is unsafe: any client can then invent its address.',
  },
  RATE_LIMIT_MAX: {
    type: 'integer',
    default: 0,
    minimum: 0,
    maximum: 1_000_000,
    description: 'Requests per client and window; 0 turns the limit off.',
  },
  RATE_LIMIT_WINDOW_SECONDS: {
    type: 'integer',
    default: 60,
    minimum: 1,
    maximum: 86_400,
    unit: 's',
    description: 'Window of the rate limit.',
  },
  MAX_UPLOAD_MB: {
    type: 'number',
    default: 25,
    minimum: 0.001,
    maximum: 4096,
    unit: 'MB',
    description: 'Largest upload, in megabytes of 1,000,000 bytes.',
  },
  MAX_INPUT_MEGAPIXELS: {
    type: 'number',
    default: 50,
    minimum: 0.0001,
    maximum: 1000,
    unit: 'MP',
    description: 'Largest input image.',
  },
  MAX_OUTPUT_MEGAPIXELS: {
    type: 'number',
    default: 400,
    minimum: 0.001,
    maximum: 4000,
    unit: 'MP',
    description: 'Largest output image.',
  },
  MAX_AVIF_MEGAPIXELS: {
    type: 'number',
    default: 16,
    minimum: 0.001,
    maximum: 256,
    unit: 'MP',
    description: 'Largest AVIF output; its encoder is slow and hungry.',
  },
  UPLOAD_TIMEOUT_SECONDS: {
    type: 'number',
    default: 60,
    minimum: 0.1,
    maximum: 86_400,
    unit: 's',
    description: 'Longest time an upload may take.',
  },
  DEFAULT_TIMEOUT_SECONDS: {
    type: 'number',
    default: 60,
    minimum: 0.1,
    maximum: 86_400,
    unit: 's',
    description:
      'Deadline of a `/upscale` request that names none, from the end of the upload. Jobs and the page have `MAX_TIMEOUT_SECONDS`.',
  },
  MAX_TIMEOUT_SECONDS: {
    type: 'number',
    default: 600,
    minimum: 0.1,
    maximum: 86_400,
    unit: 's',
    description: 'Longest deadline a request may ask for, and the one of a job that asks for none.',
  },
  MAX_CONCURRENT_UPLOADS: {
    type: 'integer',
    default: 16,
    minimum: 1,
    maximum: 10_000,
    description:
      'Requests whose upload is read at the same time, whatever number of files each holds. When they are all in use, the slowest, and those of the client with the most, make room.',
  },
  MIN_BYTES_PER_SECOND: {
    type: 'integer',
    default: 500,
    minimum: 0,
    maximum: 1_000_000_000,
    description:
      'Least pace of a client: an upload that comes more slowly over 15 seconds, and a result that is taken more slowly over two minutes, is ended; 0 turns that off.',
  },
  MAX_CONNECTIONS: {
    type: 'integer',
    default: 2000,
    minimum: 1,
    maximum: 1_000_000,
    description: 'Open connections; one more closes the one that has been idle for longest.',
  },
  MAX_RUNNING_JOBS: {
    type: 'integer',
    default: 0,
    minimum: 0,
    maximum: 1024,
    description: 'Jobs in the engines at the same time; 0 = four for each engine.',
  },
  MAX_QUEUED_JOBS: {
    type: 'integer',
    default: 32,
    minimum: 0,
    maximum: 100_000,
    description: 'Jobs waiting for an engine; one more is refused with 503.',
  },
  MAX_JOB_DISK_MB: {
    type: 'number',
    default: 10_000,
    minimum: 1,
    maximum: 100_000_000,
    unit: 'MB',
    description: 'Disk that job folders may use together.',
  },
  MAX_KEPT_JOBS: {
    type: 'integer',
    default: 5000,
    minimum: 1,
    maximum: 1_000_000,
    description:
      'Jobs of `POST /jobs` that are known, waiting, at work or ended; one more is refused with 503 until some are removed or expire.',
  },
  JOB_TTL_MINUTES: {
    type: 'number',
    default: 60,
    minimum: 0.01,
    maximum: 525_600,
    unit: 'min',
    description:
      'How long a job of `POST /jobs` and its result stay after its end; also the longest that the reader of a result may take.',
  },
  CALLBACK_HOSTS: {
    type: 'list',
    default: [],
    acceptsItem: (item) =>
      /^([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?(=private)?$/i.test(item) &&
      // Ports above 65535 and impossible addresses.
      URL.canParse(`https://${item.replace('=private', '')}`),
    accepted:
      'hosts separated by commas, each `host` or `host:port`, with `=private` where private addresses are meant',
    description:
      'Hosts that a `callback_url` may name: `host` or `host:port`, and `=private` after it when it has a private address.',
  },
  CALLBACK_SECRET: {
    type: 'string',
    default: '',
    description: 'Key of the HMAC-SHA256 that signs callbacks; empty turns callbacks off.',
  },
  ENGINES: { type: 'integer', default: 1, minimum: 1, maximum: 64, description: 'Engine processes.' },
  ENGINE_THREADS: {
    type: 'integer',
    default: 0,
    minimum: 0,
    maximum: 256,
    description: 'Threads of each engine; 0 = the processors this process may use, shared among the engines.',
  },
  ENGINE_MEMORY_MB: {
    type: 'integer',
    default: 0,
    minimum: 0,
    maximum: 10_000_000,
    unit: 'MB',
    description: 'Memory budget of all engines; 0 = three quarters of what the machine or the cgroup allows.',
  },
  ENGINE_SILENCE_SECONDS: {
    type: 'number',
    default: 60,
    minimum: 1,
    maximum: 3600,
    unit: 's',
    description: 'An engine with work that says nothing for this long is killed and replaced.',
  },
  SHUTDOWN_DELAY_SECONDS: {
    type: 'number',
    default: 0,
    minimum: 0,
    maximum: 600,
    unit: 's',
    description:
      'After SIGTERM, how long readiness fails before connections are refused: the time a load balancer needs.',
  },
  SHUTDOWN_GRACE_SECONDS: {
    type: 'number',
    default: 30,
    minimum: 0,
    maximum: 3600,
    unit: 's',
    description: 'After that, how long queued and running jobs may take to end.',
  },
} as const satisfies Record<string, ConfigOption>;

/** Whether a text is an origin as browsers send it: scheme, host and port, no path. */
function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}
