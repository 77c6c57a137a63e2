import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { loadConfig } from '../../src/config/config.js';
import { fleetOptions } from '../../src/engine/supervisor/launch.js';
import { Supervisor } from '../../src/engine/supervisor/supervisor.js';
import { packageRoot } from '../../src/host/package-root.js';
import { LocalJobs } from '../../src/jobs/local-jobs.js';
import { atEnd } from '../at-end.js';
import { gone } from '../processes.js';
import { jobFolders, SILENT, tempDir } from './rig.js';

describe('the service killed in mid-job', () => {
  it('leaves no engine, and the next start does the job', async (test) => {
    const folder = await tempDir(test);
    const sourcePath = join(await tempDir(test), 'source.png');
    const [width, height] = [700, 500];
    const background = { r: 200, g: 30, b: 90 };
    await sharp({ create: { width, height, channels: 3, background } })
      .png()
      .toFile(sourcePath);
    const service = fork(
      fileURLToPath(new URL('./runners/whole-service.js', import.meta.url)),
      [folder, sourcePath, String(width), String(height)],
      { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
    );
    atEnd(test, () => service.kill('SIGKILL'));
    const [told] = (await once(service, 'message')) as [{ id: string; pid: number }];
    service.kill('SIGKILL');
    await once(service, 'exit');
    await gone(told.pid);

    const config = {
      ...loadConfig({ MODEL_CHAIN: 'tessera-lite-x4', ENGINE_THREADS: '2' }, packageRoot()),
      TEMP_DIR: folder,
    };
    const engine = new Supervisor(fleetOptions(config, process.env, SILENT));
    atEnd(test, () => engine.close(0));
    const jobs = await LocalJobs.open(config, engine, SILENT);
    atEnd(test, () => jobs.close(0));
    const job = jobs.find(told.id, '');
    assert.ok(job);
    const result = await job.settled;
    assert.deepEqual([result.width, result.height, result.model], [4 * width, 4 * height, 'tessera-lite-x4']);
    const { dominant } = await sharp(job.resultPath).stats();
    assert.ok(Math.abs(dominant.r - background.r) < 16 && Math.abs(dominant.b - background.b) < 16);
    assert.equal(await jobs.remove(told.id, ''), 'removed');
    assert.deepEqual(await jobFolders(folder), []);
  });
});
