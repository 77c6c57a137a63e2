import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { buildApp } from '../../src/app.js';
import { loadConfig } from '../../src/config/config.js';
import { packageRoot } from '../../src/host/package-root.js';
import { createServices } from '../../src/services.js';
import { until } from '../until.js';

export interface RealService {
  readonly url: string;
  /** Names of the files in the service's folder for jobs. */
  jobFiles(): Promise<string[]>;
  /** Resolves when no file of any job is left. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

/** The whole service with its engine process and the embedded model, on a free port. */
export async function startService(settings: Readonly<Record<string, string>> = {}): Promise<RealService> {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-page-'));
  const config = loadConfig(
    // With less time a busy machine would skip the model for plain resampling.
    {
      TEMP_DIR: folder,
      LOG_DIR: '',
      MODELS_DOWNLOAD: 'off',
      DEFAULT_TIMEOUT_SECONDS: '600',
      ...settings,
    },
    packageRoot(),
  );
  const services = await createServices(config, pino({ level: 'silent' }), process.env);
  const app = await buildApp(services);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  await services.engine.ready();
  const jobFiles = async (): Promise<string[]> => {
    // Folders may go while they are read: then there is another look.
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => undefined);
    if (entries === undefined) return jobFiles();
    return entries
      .filter((entry) => entry.isFile() && !['instance.json', 'heartbeat'].includes(entry.name))
      .map((entry) => entry.name);
  };
  return {
    url,
    jobFiles,
    async empty() {
      await until(async () => (await jobFiles()).length === 0, 'No file of a job is left.');
    },
    async close() {
      await Promise.all([services.close(0), app.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
