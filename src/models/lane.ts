import { parentPort, workerData } from 'node:worker_threads';
import { ModelLoadError } from './failure.js';
import type { ModelEntry } from './manifest.js';
import { type LoadedModel, openModel } from './session.js';
import { type RgbPixels, TileFailure } from './tile-model.js';

/** What a lane's thread is told at its start. */
export interface LaneOrder {
  readonly entry: ModelEntry;
  readonly modelsFolder: string;
}

/** What it is sent: a tile, or that it is to end. */
export type ToLane = { readonly tile: RgbPixels } | { readonly close: true };

/** What it answers to a tile. */
export type FromLane =
  | { readonly pixels: RgbPixels }
  | { readonly failure: { readonly reason: TileFailure['reason']; readonly message: string } }
  /** No tile can be computed here, this one included. */
  | { readonly unusable: string };

/**
 * The entry of a lane's thread: the model on the CPU with one thread of its own, one tile at a time. It blocks its own event loop,
 * and nobody else's.
 */
const port = parentPort;
if (port === null) throw new Error('A lane runs as a worker thread.');
const { entry, modelsFolder } = workerData as LaneOrder;
const loading = openModel(entry, modelsFolder, 'cpu', { threads: 1 });
loading.catch(() => {}); // told with the first tile

port.on('message', async (message: ToLane) => {
  if ('close' in message) {
    await loading.then(
      (model) => model.release(),
      () => {},
    );
    port.close();
    return;
  }
  const answer = await compute(message.tile);
  port.postMessage(answer, 'pixels' in answer ? [answer.pixels.data.buffer as ArrayBuffer] : []);
});

async function compute(tile: RgbPixels): Promise<FromLane> {
  let model: LoadedModel;
  try {
    model = await loading;
  } catch (error) {
    return { unusable: error instanceof ModelLoadError ? error.message : String(error) };
  }
  try {
    const { data, width, height } = await model.run(tile);
    // What ONNX Runtime allocated cannot be given to another thread.
    return { pixels: { data: model.entry.dtype === 'uint8' ? data.slice() : data, width, height } };
  } catch (error) {
    const { reason, message } =
      error instanceof TileFailure ? error : { reason: 'runtime_error' as const, message: String(error) };
    return { failure: { reason, message } };
  }
}
