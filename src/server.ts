import { setTimeout as sleep } from 'node:timers/promises';
import closeWithGrace from 'close-with-grace';
import { ConfigError } from './config/config.js';
import { killItself, threadsAreBusy, threadsAtRest } from './host/last-resort.js';
import { openLog } from './host/logging.js';
import { packageRoot, packageVersion } from './host/package-root.js';
import { hideSecrets } from './host/secrets.js';
import { listenError, StartError } from './host/start-error.js';
import { REQUESTS_ON_THEIR_WAY_MS } from './http/connection/close-connections.js';
import { loadCheckedConfig } from './models/checked-config.js';
import { createServices } from './services.js';

/** Time beyond the configured delays after which a hanging shutdown is cut off. */
const LAST_RESORT_MS = 4000;

const EXIT_BAD_CONFIG = 2;

/** Runs the service until a signal ends it. */
async function serve(): Promise<void> {
  const config = await loadCheckedConfig(process.env, packageRoot());
  hideSecrets();
  const delayMs = config.SHUTDOWN_DELAY_SECONDS * 1000;
  const graceMs = config.SHUTDOWN_GRACE_SECONDS * 1000;
  const { log, close: closeLog } = await openLog(config);
  const services = await createServices(config, log, process.env);
  // Loaded only now: the engines start while the app's modules are loaded.
  const { buildApp } = await import('./app.js');
  const app = await buildApp(services);

  const onSecondSignal = () => {
    log.error({}, 'a second signal ends the process at once');
    if (threadsAreBusy()) process.kill(process.pid, 'SIGKILL');
  };
  // No time limit of its own: it would end by `process.exit`, and a system call that never returns would hold the
  // process.
  closeWithGrace({ delay: false, logger: log, onSecondSignal }, async ({ signal, err }) => {
    setTimeout(killItself, delayMs + graceMs + LAST_RESORT_MS, log).unref();
    if (err) log.fatal({ err }, 'stopping after an unexpected error');
    else log.info({ signal }, 'stopping');
    services.lifecycle.stopping = true;
    // Readiness fails first, so that a load balancer looks elsewhere before connections are refused.
    if (signal === 'SIGTERM') await sleep(delayMs);
    const closed = app.close();
    // Requests sent before the listener closes are still accepted. Without open connections there is nothing to wait
    // for.
    await Promise.race([closed, sleep(REQUESTS_ON_THEIR_WAY_MS, undefined, { ref: false })]);
    await Promise.all([services.close(graceMs), closed]);
    log.info({}, 'stopped');
    closeLog();
    await threadsAtRest(log);
  });

  log.info({ version: packageVersion(), pid: process.pid }, 'starting');
  try {
    await app.listen({ host: config.HOST, port: config.PORT });
  } catch (error) {
    await services.close(0);
    throw listenError(error, config);
  }
  try {
    await services.engine.ready();
    await services.upkeep.start();
    const installed = services.engine.status().models.filter((model) => model.installed);
    log.info({ models: installed.map(({ name }) => name) }, 'ready');
  } catch (err) {
    // More starts follow. Until one succeeds, /health/ready and every upload say so.
    log.error({ err }, 'no engine could be started');
  }
}

serve().catch((error: unknown) => {
  console.error(error instanceof ConfigError || error instanceof StartError ? error.message : error);
  process.exit(error instanceof ConfigError ? EXIT_BAD_CONFIG : 1);
});
