import { fileURLToPath } from 'node:url';
import type { Config } from '../../config/config.js';
import type { Log } from '../../domain/types.js';
import { withoutSecrets } from '../../host/secrets.js';
import { engineConfig } from '../protocol.js';
import type { FleetOptions } from './fleet.js';
import { engineResources } from './resources.js';

/** An engine with work says that it lives this often, or four times within the silence that is its death. */
const HEARTBEAT_MS = 1000;

/**
 * How the service starts its engines.
 * @param environment the server's own.
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

/** The server's environment without its secrets, and with what must be set before a process starts. */
export function engineEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  threads: number,
): Record<string, string | undefined> {
  return {
    // sharp runs each image on a libuv thread, beside libvips' own threads.
    UV_THREADPOOL_SIZE: String(Math.max(4, threads)),
    // glibc makes arenas by the processor, each of which keeps what was freed: two took an eighth off the peak at no cost in time.
    MALLOC_ARENA_MAX: '2',
    ...withoutSecrets(environment),
  };
}
