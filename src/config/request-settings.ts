import type { Setting } from './setting.js';

/** Limits of requests and connections: bytes, pixels, time. */
export const REQUEST_SETTINGS = {
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
      'Requests whose upload is read at the same time, however many files each holds. When all places are in use, the slowest uploads and those of the client with the most uploads make room.',
  },
  MIN_BYTES_PER_SECOND: {
    type: 'integer',
    default: 500,
    minimum: 0,
    maximum: 1_000_000_000,
    description:
      'Slowest accepted client: an upload below this rate for 15 seconds, and a result read below it for two minutes, is ended; 0 turns the limit off.',
  },
  MAX_CONNECTIONS: {
    type: 'integer',
    default: 2000,
    minimum: 1,
    maximum: 1_000_000,
    description: 'Open connections; one more closes the one that has been idle for longest.',
  },
} as const satisfies Record<string, Setting>;
