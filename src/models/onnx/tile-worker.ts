import { parentPort, workerData } from 'node:worker_threads';
import type { Raster } from '../../tiling/raster.js';
import { ModelLoadError } from '../failure.js';
import { outputForm } from '../manifest-entry.js';
import { TileFailure } from '../tile-model.js';
import { type LoadedModel, openModel } from './session.js';
import type { FromTileWorker, TileWorkerStart, ToTileWorker } from './tile-workers.js';

/**
 * The entry of a tile worker's thread: the model on the CPU with one thread of its own, one tile at a time. It blocks its own event loop,
 * and nobody else's.
 */
const port = parentPort;
if (port === null) throw new Error('A tile worker runs as a worker thread.');
const { entry, modelsFolder } = workerData as TileWorkerStart;
const loading = openModel(entry, modelsFolder, 'cpu', { threads: 1 });
loading.catch(() => {}); // told with the first tile

port.on('message', async (message: ToTileWorker) => {
  if ('close' in message) {
    await loading.then(
      (model) => model.release(),
      () => {},
    );
    port.close();
    return;
  }
  const answer = await compute(message.tile);
  port.postMessage(answer, 'result' in answer ? [answer.result.upscaled.data.buffer as ArrayBuffer] : []);
});

// A tile that did not fit into memory on its way in.
port.on('messageerror', ({ message }) => {
  port.postMessage({ failure: { reason: 'out_of_memory', message } } satisfies FromTileWorker);
});

async function compute(tile: Raster<3>): Promise<FromTileWorker> {
  let model: LoadedModel;
  try {
    model = await loading;
  } catch (error) {
    return { unusable: error instanceof ModelLoadError ? error.message : String(error) };
  }
  try {
    const startedMs = performance.now();
    const upscaled = await model.run(tile);
    const ms = performance.now() - startedMs;
    // A buffer that ONNX Runtime allocated cannot be transferred to another thread.
    const data = outputForm(model.entry).dtype === 'uint8' ? upscaled.data.slice() : upscaled.data;
    return { result: { upscaled: { ...upscaled, data }, ms } };
  } catch (error) {
    const { reason, message } =
      error instanceof TileFailure ? error : { reason: 'runtime_error' as const, message: String(error) };
    return { failure: { reason, message } };
  }
}
