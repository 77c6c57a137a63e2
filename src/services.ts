import type { Logger } from 'pino';
import type { Config } from './config/config.js';
import type { Engine } from './engine/engine.js';
import { HeaderPool } from './engine/headers/header-pool.js';
import { imageInspector } from './engine/headers/image-inspector.js';
import { launchHeaderProcess } from './engine/headers/launch.js';
import { fleetOptions } from './engine/supervisor/launch.js';
import { Supervisor } from './engine/supervisor/supervisor.js';
import { tempDirError } from './host/start-error.js';
import type { HttpContext } from './http/context.js';
import type { Jobs } from './jobs/job.js';
import { LocalJobs } from './jobs/local-jobs.js';
import { ModelUpkeep } from './models/download/upkeep.js';
import { pipelineLimits } from './pipeline/limits.js';

/** Two, so that one reads on while a slow image holds the other. */
const HEADER_PROCESSES = 2;
const HEADER_DEADLINE_MS = 2000;

/** All services, created and wired once. The server and the command line both start from here. */
export interface Services extends HttpContext {
  readonly lifecycle: { stopping: boolean };
  /** Not started here: the server starts it, a single run of the command line does not. */
  readonly upkeep: ModelUpkeep;
  /** Lets queued and running jobs end within the grace period, then ends the engines. */
  close(graceMs: number): Promise<void>;
}

/**
 * Starts the engines and the header processes (without waiting for them) and takes a job folder.
 * @param config from `loadCheckedConfig`.
 * @param environment of engine processes; usually `process.env`.
 * @param headerProcesses how many image headers are read at the same time.
 * @throws StartError when `TEMP_DIR` cannot be written.
 */
export async function createServices(
  config: Config,
  log: Logger,
  environment: Readonly<Record<string, string | undefined>>,
  headerProcesses: number = HEADER_PROCESSES,
): Promise<Services> {
  const limits = pipelineLimits(config);
  const engine: Engine = new Supervisor(fleetOptions(config, environment, log));
  const headers = new HeaderPool({
    processes: headerProcesses,
    limits,
    deadlineMs: HEADER_DEADLINE_MS,
    launch: () => launchHeaderProcess(environment, limits.maxInputPixels),
    log,
  });
  let jobs: Jobs;
  try {
    jobs = await LocalJobs.open(config, engine, log);
  } catch (error) {
    await Promise.all([engine.close(0), headers.close()]);
    throw tempDirError(error, config);
  }
  const lifecycle = { stopping: false };
  const upkeep = new ModelUpkeep(config, engine, log);
  return {
    config,
    log,
    engine,
    jobs,
    lifecycle,
    upkeep,
    downloads: () => upkeep.downloads(),
    headers,
    inspectImage: imageInspector(headers, limits, engine),
    async close(graceMs) {
      lifecycle.stopping = true;
      await Promise.all([upkeep.close(), jobs.close(graceMs)]);
      await Promise.all([engine.close(0), headers.close()]);
    },
  };
}
