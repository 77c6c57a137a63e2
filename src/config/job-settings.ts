import type { Setting } from './setting.js';

/** Number and lifetime of jobs, and their callbacks. */
export const JOB_SETTINGS = {
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
    type: 'text',
    default: '',
    description: 'Key of the HMAC-SHA256 that signs callbacks; empty turns callbacks off.',
  },
} as const satisfies Record<string, Setting>;
