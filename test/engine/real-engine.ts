import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import sharp from 'sharp';
import { type Config, loadConfig } from '../../src/config/config.js';
import type { UpscaleOptions, UpscaleProgress, UpscaleTask } from '../../src/domain/types.js';
import type { EngineLaunch } from '../../src/engine/supervisor/engine-handle.js';
import { fleetOptions } from '../../src/engine/supervisor/launch.js';
import { Supervisor } from '../../src/engine/supervisor/supervisor.js';
import { packageRoot } from '../../src/host/package-root.js';
import { atEnd } from '../at-end.js';
import { SILENT, TASK } from './rig.js';

/** Real engines: the pipeline, ONNX Runtime and the embedded model. */
export async function realEngine(
  test: TestContext,
  environment: Record<string, string> = {},
  launch: Partial<EngineLaunch> = {},
) {
  const config: Config = loadConfig(
    { ENGINE_THREADS: '2', MODEL_CHAIN: 'tessera-lite-x4', ...environment },
    packageRoot(),
  );
  const options = fleetOptions(config, process.env, SILENT);
  const supervisor = new Supervisor({ ...options, launch: { ...options.launch, ...launch } });
  const folder = await mkdtemp(join(tmpdir(), 'tessera-real-engine-'));
  atEnd(test, async () => {
    await supervisor.close(0);
    await rm(folder, { recursive: true });
  });
  let count = 0;
  /** A job for a picture of coloured noise in large grains, its alpha too; its colours depend on `seed`. */
  const task = async (
    width: number,
    height: number,
    seed = 0,
    options: Partial<UpscaleOptions> = {},
    hasAlpha = false,
  ) => {
    const id = `job-${++count}`;
    const workFolder = join(folder, id);
    await mkdir(workFolder);
    const channels = hasAlpha ? 4 : 3;
    const grains = Buffer.from(
      Array.from({ length: 8 * 8 * channels }, (_, index) => (index * 83 + seed * 57) % 256),
    );
    const sourcePath = join(workFolder, 'source');
    await sharp(grains, { raw: { width: 8, height: 8, channels } })
      .resize(width, height, { kernel: 'cubic' })
      .png()
      .toFile(sourcePath);
    return {
      ...TASK,
      id,
      sourcePath,
      workFolder,
      resultPath: join(workFolder, 'result'),
      header: { ...TASK.header, width, height, hasAlpha },
      options: { ...TASK.options, format: 'png', ...options },
    } satisfies UpscaleTask;
  };
  const run = (
    one: UpscaleTask,
    onProgress: (progress: UpscaleProgress) => void = () => {},
    signal = new AbortController().signal,
  ) => supervisor.run(one, { signal, onProgress });
  return { supervisor, task, run, pid: () => supervisor.status().engines[0]?.pid ?? 0 };
}

/** How far a result is from its source, enlarged by plain resampling: mean of absolute differences, 0 to 255. */
export async function distance(one: UpscaleTask): Promise<number> {
  const result = await sharp(one.resultPath).raw().toBuffer({ resolveWithObject: true });
  const { width, height } = result.info;
  const source = await sharp(one.sourcePath).resize(width, height).removeAlpha().raw().toBuffer();
  assert.equal(source.length, result.data.length);
  let sum = 0;
  for (const [index, value] of source.entries()) sum += Math.abs(value - (result.data[index] ?? 0));
  return sum / source.length;
}
