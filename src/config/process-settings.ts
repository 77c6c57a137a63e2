import type { Setting } from './setting.js';

/** The address of the service, and its folders. */
export const PROCESS_SETTINGS = {
  HOST: { type: 'text', default: '0.0.0.0', description: 'Address to listen on.' },
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
    type: 'text',
    default: 'logs',
    description:
      'Folder of the rotated log files; standard output alone when it cannot be written or is empty. A relative path counts from the folder of the package.',
  },
  TEMP_DIR: {
    type: 'text',
    default: 'temp_uploads',
    description:
      'Folder of the job folders; put it on a disk with room for uploads and results. A relative path counts from the folder of the package.',
  },
  MODELS_DIR: {
    type: 'text',
    default: 'models',
    description:
      'Folder of `manifest.json` and the model files. A relative path counts from the folder of the package.',
  },
} as const satisfies Record<string, Setting>;
