import { Worker } from 'node:worker_threads';
import { hasRoomForThread } from '../../host/address-space.js';
import type { Raster } from '../../tiling/raster.js';
import { messageOf, tileFailure } from '../failure.js';
import type { ModelEntry } from '../manifest-entry.js';
import { TileFailure, type TimedTile } from '../tile-model.js';

/** What a tile worker's thread is told at its start. */
export interface TileWorkerStart {
  readonly entry: ModelEntry;
  readonly modelsFolder: string;
}

/** What it is sent: a tile, or that it is to end. */
export type ToTileWorker = { readonly tile: Raster<3> } | { readonly close: true };

/** What it answers to a tile. */
export type FromTileWorker =
  | { readonly result: TimedTile }
  | { readonly failure: { readonly reason: TileFailure['reason']; readonly message: string } }
  /** No tile can be computed here, this one included. */
  | { readonly unusable: string };

/** No tile worker of this model can be had: its tiles have to be computed in the caller's thread. */
export class NoTileWorker extends Error {
  override readonly name = 'NoLane';
}

const ENTRY = new URL('./tile-worker.js', import.meta.url);

/** Makes a thread that answers as `tile worker.ts` does. @throws what the system says, where there is no room for one. */
type StartTileWorker = (order: TileWorkerStart) => Worker;

const startThread: StartTileWorker = (order) => new Worker(ENTRY, { workerData: order, execArgv: [] });

/**
 * Threads that each compute one tile of a model at a time, on one processor each. Several tiles at once get more out of several
 * processors than one tile computed by all of them, whose threads wait for each other after each layer; and the event
 * loop stays free. A tile worker is made when a tile finds none that is free, and stays until `close`: whoever takes turns bounds their
 * number. Once a tile worker could not be made, or died, no more are made: tiles that find none free are the caller's.
 */
export class TileWorkers {
  readonly #free: Worker[] = [];
  readonly #all = new Set<Worker>();
  /** Made, and not running yet. */
  readonly #starting = new Set<Worker>();
  /** Why no more are made. */
  #lost: string | undefined;

  constructor(
    private readonly order: TileWorkerStart,
    private readonly start: StartTileWorker = startThread,
  ) {}

  /**
   * @param tile is copied before this returns.
   * @returns pixels owned by the caller. @throws TileFailure, NoTileWorker.
   */
  async run(tile: Raster<3>): Promise<TimedTile> {
    const own = copyOf(tile);
    const tileWorker = this.#free.pop() ?? this.#open();
    // While nothing is computed a tile worker keeps no process alive.
    tileWorker.ref();
    const answer = await ask(tileWorker, own);
    tileWorker.unref();
    if ('unusable' in answer) {
      this.#lost ??= answer.unusable;
      void tileWorker.terminate();
      throw new NoTileWorker(answer.unusable);
    }
    if (this.#all.has(tileWorker)) this.#free.push(tileWorker);
    if ('failure' in answer) throw new TileFailure(answer.failure.reason, answer.failure.message);
    return answer.result;
  }

  /** Ends the threads after the tiles they compute. */
  async close(): Promise<void> {
    const ended = [...this.#all].map((tileWorker) => {
      const exit = new Promise((resolve) => tileWorker.once('exit', resolve));
      tileWorker.ref();
      tileWorker.postMessage({ close: true } satisfies ToTileWorker);
      return exit;
    });
    await Promise.all(ended);
  }

  /** @throws NoTileWorker */
  #open(): Worker {
    if (this.#lost === undefined && !hasRoomForThread(this.#starting.size))
      this.#lost = 'The address space has no room for a thread.';
    if (this.#lost !== undefined) throw new NoTileWorker(this.#lost);
    let tileWorker: Worker;
    try {
      tileWorker = this.start(this.order);
    } catch (error) {
      this.#lost = messageOf(error);
      throw new NoTileWorker(this.#lost);
    }
    this.#all.add(tileWorker);
    this.#starting.add(tileWorker);
    tileWorker.once('online', () => this.#starting.delete(tileWorker));
    // One that dies without a tile harms nobody; unheard, its error would end the process.
    tileWorker.on('error', (error) => {
      this.#lost ??= messageOf(error);
    });
    tileWorker.once('exit', () => {
      this.#all.delete(tileWorker);
      this.#starting.delete(tileWorker);
      const place = this.#free.indexOf(tileWorker);
      if (place >= 0) this.#free.splice(place, 1);
    });
    return tileWorker;
  }
}

/** A copy that can be given away, which takes less than having it copied twice on its way. @throws TileFailure */
function copyOf({ data, width, height }: Raster<3>): Raster<3> {
  try {
    const copy = data instanceof Uint8Array ? new Uint8Array(data) : new Uint16Array(data);
    return { data: copy, width, height, channels: 3 };
  } catch (error) {
    throw tileFailure(error);
  }
}

/** One message there and one back; a thread that dies over it is one tile worker less. @param tile is given away. */
function ask(tileWorker: Worker, tile: Raster<3>): Promise<FromTileWorker> {
  return new Promise((resolve) => {
    const settle = (answer: FromTileWorker) => {
      tileWorker.off('message', settle);
      tileWorker.off('messageerror', died);
      tileWorker.off('error', died);
      tileWorker.off('exit', ended);
      resolve(answer);
    };
    const died = (error: Error) => settle({ unusable: messageOf(error) });
    const ended = () => settle({ unusable: 'The thread ended.' });
    tileWorker.on('message', settle);
    tileWorker.on('messageerror', died);
    tileWorker.on('error', died);
    tileWorker.on('exit', ended);
    try {
      tileWorker.postMessage({ tile } satisfies ToTileWorker, [tile.data.buffer as ArrayBuffer]);
    } catch (error) {
      settle({ unusable: messageOf(error) });
    }
  });
}
