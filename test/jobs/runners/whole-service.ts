import { copyFile, stat } from 'node:fs/promises';
import { loadConfig } from '../../../src/config/config.js';
import { fleetOptions } from '../../../src/engine/supervisor/launch.js';
import { Supervisor } from '../../../src/engine/supervisor/supervisor.js';
import { packageRoot } from '../../../src/host/package-root.js';
import { LocalJobs } from '../../../src/jobs/local-jobs.js';
import { request, SILENT } from '../rig.js';

/**
 * The service without HTTP: durable jobs over a real engine. Keeps one job for the image of its arguments, tells its id and
 * the engine's process id once tiles are being computed, and waits to be killed.
 */
const [folder = '', sourcePath = '', width = '', height = ''] = process.argv.slice(2);
const config = {
  ...loadConfig({ MODEL_CHAIN: 'tessera-lite-x4', ENGINE_THREADS: '1' }, packageRoot()),
  TEMP_DIR: folder,
};
const engine = new Supervisor(fleetOptions(config, process.env, SILENT));
const jobs = await LocalJobs.open(config, engine, SILENT);
const reservation = await jobs.reserve(undefined);
await copyFile(sourcePath, reservation.sourcePath);
const asked = request();
const changed = {
  ...asked,
  header: { ...asked.header, width: Number(width), height: Number(height) },
  options: { ...asked.options, format: 'png' as const, tileSizePx: 64 },
  sourceBytes: (await stat(sourcePath)).size,
};
const [kept] = await jobs.submitDurable([{ reservation, request: changed, durable: { owner: '' } }]);
if (kept === undefined) throw new Error('nothing was kept');
const { job } = kept;
let told = false;
job.onChange(() => {
  if (told || (job.progress?.tilesDone ?? 0) < 3) return;
  told = true;
  process.send?.({ id: job.id, pid: engine.status().engines[0]?.pid });
});
process.on('message', () => {});
