import { parentPort, workerData } from 'node:worker_threads';
import type { Raster } from '../../tiling/raster.js';
import { messageOf, tileFailure } from '../failure.js';
import { outputForm } from '../manifest-entry.js';
import { type LoadedModel, openModel } from './session.js';
import type { FromTileWorker, TileWorkerStart, ToTileWorker } from './tile-workers.js';

/** Entry of a tile worker's thread: a session on the CPU with one thread, and one tile at a time. */
const port = parentPort;
if (port === null) throw new Error('A tile worker runs as a worker thread.');
const { entry, modelsFolder } = workerData as TileWorkerStart;
const loading = openModel(entry, modelsFolder, 'cpu', { threads: 1 });
loading.catch(() => {}); // the answer to the first tile says so

port.on('message', async (message: ToTileWorker) => {
  if ('close' in message) {
    await loading.then((model) => model.release()).catch(() => {});
    port.close();
    return;
  }
  const answer = await compute(message.tile);
  port.postMessage(answer, 'result' in answer ? [answer.result.upscaled.data.buffer as ArrayBuffer] : []);
});

// The tile did not fit into the memory of this thread.
port.on('messageerror', ({ message }) => {
  port.postMessage({ failure: { reason: 'out_of_memory', message } } satisfies FromTileWorker);
});

async function compute(tile: Raster<3>): Promise<FromTileWorker> {
  let model: LoadedModel;
  try {
    model = await loading;
  } catch (error) {
    return { unusable: messageOf(error) };
  }
  try {
    const startedMs = performance.now();
    const upscaled = await model.run(tile);
    const ms = performance.now() - startedMs;
    // A buffer that ONNX Runtime allocated cannot be transferred to another thread.
    const data = outputForm(model.entry).dtype === 'uint8' ? upscaled.data.slice() : upscaled.data;
    return { result: { upscaled: { ...upscaled, data }, ms } };
  } catch (error) {
    const { reason, message } = tileFailure(error);
    return { failure: { reason, message } };
  }
}
