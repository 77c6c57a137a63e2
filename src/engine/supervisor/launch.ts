import { fileURLToPath } from 'node:url';
import type { Config } from '../../config/config.js';
import type { Log } from '../../domain/types.js';
import { withoutSecrets } from '../../host/secrets.js';
import { engineConfig } from '../protocol.js';
import type { FleetOptions } from './fleet.js';
import { engineResources } from './resources.js';

/** Interval of heartbeats, or a quarter of the silence that counts as death if that is shorter. */
const HEARTBEAT_MS = 1000;

/**
 * Options of the service's engines.
 * @param environment the server's environment.
 */
export function fleetOptions(
  config: Config,
  environment: Readonly<Record<string, string | undefined>>,
  log: Log,
): FleetOptions {
  const resources = engineResources(config);
  const silenceMs = config.ENGINE_SILENCE_SECONDS * 1000;
  return {
    engines: resources.engines,
    launch: {
      runnerPath: fileURLToPath(new URL('../worker/upscale-runner.js', import.meta.url)),
      environment: engineEnvironment(environment, resources.threadsPerEngine),
    },
    settings: {
      config: engineConfig(config),
      threads: resources.threadsPerEngine,
      memoryBytes: resources.memoryBytesPerEngine,
      heartbeatMs: Math.min(HEARTBEAT_MS, silenceMs / 4),
    },
    silenceMs,
    log,
  };
}

/** The server's environment without secrets, and with variables that must be set before a process starts. */
function engineEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  threads: number,
): Record<string, string | undefined> {
  return {
    // sharp runs each image on a libuv thread, besides libvips' own threads.
    UV_THREADPOOL_SIZE: String(Math.max(4, threads)),
    // glibc makes arenas by the number of processors, and each keeps freed memory. Two arenas took an eighth off the
    // peak at no cost in time.
    MALLOC_ARENA_MAX: '2',
    ...withoutSecrets(environment),
  };
}
