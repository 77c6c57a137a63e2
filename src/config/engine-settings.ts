import type { Setting } from './setting.js';

/** Engine processes, and the end of the service. */
export const ENGINE_SETTINGS = {
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
    description: 'An engine with work that sends no message for this long is killed and replaced.',
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
} as const satisfies Record<string, Setting>;
