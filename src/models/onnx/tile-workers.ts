import { Worker } from 'node:worker_threads';
import { hasRoomForThread } from '../../host/address-space.js';
import { messageOf, tileFailure } from '../failure.js';
import { type LanePixels, type RgbPixels, TileFailure } from '../tile-model.js';
import type { FromLane, LaneOrder, ToLane } from './tile-worker-messages.js';

/** No lane of this model can be had: its tiles have to be computed in the caller's thread. */
export class NoLane extends Error {
  override readonly name = 'NoLane';
}

const ENTRY = new URL('./tile-worker.js', import.meta.url);

/** Makes a thread that answers as `lane.ts` does. @throws what the system says, where there is no room for one. */
type StartLane = (order: LaneOrder) => Worker;

const startThread: StartLane = (order) => new Worker(ENTRY, { workerData: order, execArgv: [] });

/**
 * Threads that each compute one tile of a model at a time, on one processor each. Several tiles at once get more out of several
 * processors than one tile computed by all of them, whose threads wait for each other after each layer; and the event
 * loop stays free. A lane is made when a tile finds none that is free, and stays until `close`: whoever takes turns bounds their
 * number. Once a lane could not be made, or died, no more are made: tiles that find none free are the caller's.
 */
export class Lanes {
  readonly #free: Worker[] = [];
  readonly #all = new Set<Worker>();
  /** Made, and not running yet. */
  readonly #starting = new Set<Worker>();
  /** Why no more are made. */
  #lost: string | undefined;

  constructor(
    private readonly order: LaneOrder,
    private readonly start: StartLane = startThread,
  ) {}

  /**
   * @param tile is copied before this returns.
   * @returns pixels owned by the caller. @throws TileFailure, NoLane.
   */
  async run(tile: RgbPixels): Promise<LanePixels> {
    const own = copyOf(tile);
    const lane = this.#free.pop() ?? this.#open();
    // While nothing is computed a lane keeps no process alive.
    lane.ref();
    const answer = await ask(lane, own);
    lane.unref();
    if ('unusable' in answer) {
      this.#lost ??= answer.unusable;
      void lane.terminate();
      throw new NoLane(answer.unusable);
    }
    if (this.#all.has(lane)) this.#free.push(lane);
    if ('failure' in answer) throw new TileFailure(answer.failure.reason, answer.failure.message);
    return answer.pixels;
  }

  /** Ends the threads after the tiles they compute. */
  async close(): Promise<void> {
    const ended = [...this.#all].map((lane) => {
      const exit = new Promise((resolve) => lane.once('exit', resolve));
      lane.ref();
      lane.postMessage({ close: true } satisfies ToLane);
      return exit;
    });
    await Promise.all(ended);
  }

  /** @throws NoLane */
  #open(): Worker {
    if (this.#lost === undefined && !hasRoomForThread(this.#starting.size))
      this.#lost = 'The address space has no room for a thread.';
    if (this.#lost !== undefined) throw new NoLane(this.#lost);
    let lane: Worker;
    try {
      lane = this.start(this.order);
    } catch (error) {
      this.#lost = messageOf(error);
      throw new NoLane(this.#lost);
    }
    this.#all.add(lane);
    this.#starting.add(lane);
    lane.once('online', () => this.#starting.delete(lane));
    // One that dies without a tile harms nobody; unheard, its error would end the process.
    lane.on('error', (error) => {
      this.#lost ??= messageOf(error);
    });
    lane.once('exit', () => {
      this.#all.delete(lane);
      this.#starting.delete(lane);
      const place = this.#free.indexOf(lane);
      if (place >= 0) this.#free.splice(place, 1);
    });
    return lane;
  }
}

/** A copy that can be given away, which takes less than having it copied twice on its way. @throws TileFailure */
function copyOf({ data, width, height }: RgbPixels): RgbPixels {
  try {
    const copy = data instanceof Uint8Array ? new Uint8Array(data) : new Uint16Array(data);
    return { data: copy, width, height };
  } catch (error) {
    throw tileFailure(error);
  }
}

/** One message there and one back; a thread that dies over it is one lane less. @param tile is given away. */
function ask(lane: Worker, tile: RgbPixels): Promise<FromLane> {
  return new Promise((resolve) => {
    const settle = (answer: FromLane) => {
      lane.off('message', settle);
      lane.off('messageerror', died);
      lane.off('error', died);
      lane.off('exit', ended);
      resolve(answer);
    };
    const died = (error: Error) => settle({ unusable: messageOf(error) });
    const ended = () => settle({ unusable: 'The thread ended.' });
    lane.on('message', settle);
    lane.on('messageerror', died);
    lane.on('error', died);
    lane.on('exit', ended);
    try {
      lane.postMessage({ tile } satisfies ToLane, [tile.data.buffer as ArrayBuffer]);
    } catch (error) {
      settle({ unusable: messageOf(error) });
    }
  });
}
