import { Worker } from 'node:worker_threads';
import { hasRoomForThread } from '../../host/address-space.js';
import type { Raster } from '../../tiling/raster.js';
import { messageOf, tileFailure } from '../failure.js';
import type { ModelEntry } from '../manifest-entry.js';
import { TileFailure, type TimedTile } from '../tile-model.js';

/** The `workerData` of a tile worker. */
export interface TileWorkerStart {
  readonly entry: ModelEntry;
  readonly modelsFolder: string;
}

/** A message to a tile worker: compute a tile, or end. */
export type ToTileWorker = { readonly tile: Raster<3> } | { readonly close: true };

/** A tile worker's answer to a tile. */
export type FromTileWorker =
  | { readonly result: TimedTile }
  | { readonly failure: { readonly reason: TileFailure['reason']; readonly message: string } }
  /** The worker can compute no tile. */
  | { readonly unusable: string };

/** There is no tile worker for a tile: the caller has to compute the tile in its own thread. */
export class NoTileWorker extends Error {
  override readonly name = 'NoTileWorker';
}

const ENTRY = new URL('./tile-worker.js', import.meta.url);

/**
 * Worker threads that each compute one tile of a model at a time, on one processor each. Several tiles at once use the processors better
 * than one tile on all of them, whose threads wait for each other after each layer; and the event loop stays free. A worker is made when
 * a tile finds none idle, and stays until `close`: the tile scheduler bounds their number. After a worker could not be made, or died, no
 * more are made.
 */
export class TileWorkers {
  readonly #idle: Worker[] = [];
  readonly #all = new Set<Worker>();
  readonly #starting = new Set<Worker>();
  /** Why no more workers are made. */
  #lost: string | undefined;

  /** @param start makes a thread like that of `tile-worker.ts`. */
  constructor(
    private readonly order: TileWorkerStart,
    private readonly start: (order: TileWorkerStart) => Worker = (workerData) =>
      new Worker(ENTRY, { workerData, execArgv: [] }),
  ) {}

  /**
   * @param tile is copied before this returns.
   * @returns pixels owned by the caller. @throws TileFailure, NoTileWorker.
   */
  async run(tile: Raster<3>): Promise<TimedTile> {
    const own = copyOf(tile);
    const worker = this.#idle.pop() ?? this.#open();
    worker.ref(); // an idle worker does not keep the process alive
    const answer = await ask(worker, own);
    worker.unref();
    if ('unusable' in answer) {
      this.#lost ??= answer.unusable;
      void worker.terminate();
      throw new NoTileWorker(answer.unusable);
    }
    if (this.#all.has(worker)) this.#idle.push(worker);
    if ('failure' in answer) throw new TileFailure(answer.failure.reason, answer.failure.message);
    return answer.result;
  }

  /** Ends the threads after their tiles. */
  async close(): Promise<void> {
    const ended = [...this.#all].map((worker) => {
      const exit = new Promise((resolve) => worker.once('exit', resolve));
      worker.ref();
      worker.postMessage({ close: true } satisfies ToTileWorker);
      return exit;
    });
    await Promise.all(ended);
  }

  /** @throws NoTileWorker */
  #open(): Worker {
    if (this.#lost === undefined && !hasRoomForThread(this.#starting.size))
      this.#lost = 'The address space has no room for a thread.';
    if (this.#lost !== undefined) throw new NoTileWorker(this.#lost);
    let worker: Worker;
    try {
      worker = this.start(this.order);
    } catch (error) {
      this.#lost = messageOf(error);
      throw new NoTileWorker(this.#lost);
    }
    this.#all.add(worker);
    this.#starting.add(worker);
    worker.once('online', () => this.#starting.delete(worker));
    // Without a listener, the error of an idle worker would end the process.
    worker.on('error', (error) => {
      this.#lost ??= messageOf(error);
    });
    worker.once('exit', () => {
      this.#all.delete(worker);
      this.#starting.delete(worker);
      const index = this.#idle.indexOf(worker);
      if (index >= 0) this.#idle.splice(index, 1);
    });
    return worker;
  }
}

/** @returns a copy to be transferred; structured cloning would copy twice. @throws TileFailure */
function copyOf(tile: Raster<3>): Raster<3> {
  try {
    return {
      ...tile,
      data: tile.data instanceof Uint8Array ? new Uint8Array(tile.data) : new Uint16Array(tile.data),
    };
  } catch (error) {
    throw tileFailure(error);
  }
}

/** Sends a tile and waits for its answer, or for the death of the thread. @param tile is transferred. */
function ask(worker: Worker, tile: Raster<3>): Promise<FromTileWorker> {
  return new Promise((resolve) => {
    const settle = (answer: FromTileWorker) => {
      worker.off('message', settle).off('messageerror', died).off('error', died).off('exit', ended);
      resolve(answer);
    };
    const died = (error: Error) => settle({ unusable: messageOf(error) });
    const ended = () => settle({ unusable: 'The thread ended.' });
    worker.on('message', settle).on('messageerror', died).on('error', died).on('exit', ended);
    try {
      worker.postMessage({ tile } satisfies ToTileWorker, [tile.data.buffer as ArrayBuffer]);
    } catch (error) {
      settle({ unusable: messageOf(error) });
    }
  });
}
