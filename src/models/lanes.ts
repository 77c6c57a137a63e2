import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { FromLane, LaneOrder, ToLane } from './lane.js';
import { type RgbPixels, TileFailure } from './tile-model.js';

/** No lane of this model can be had: its tiles have to be computed in the caller's thread. */
export class NoLane extends Error {
  override readonly name = 'NoLane';
}

const ENTRY = new URL('./lane.js', import.meta.url);

/**
 * Threads that each compute one tile of a model at a time, on one processor each. Several tiles at once get more out of several
 * processors than one tile computed by all of them, whose threads wait for each other after each layer; and the event
 * loop stays free. A lane is made when a tile finds none that is free, and stays until `close`: whoever takes turns bounds their number.
 */
export class Lanes {
  readonly #free: Worker[] = [];
  readonly #all = new Set<Worker>();
  #unusable: string | undefined;

  constructor(private readonly order: LaneOrder) {}

  /**
   * @param tile is copied before this returns.
   * @returns pixels owned by the caller. @throws TileFailure, NoLane.
   */
  async run(tile: RgbPixels): Promise<RgbPixels> {
    if (this.#unusable !== undefined) throw new NoLane(this.#unusable);
    const lane = this.#free.pop() ?? this.#open();
    // While nothing is computed a lane keeps no process alive.
    lane.ref();
    const answer = await this.#ask(lane, { tile });
    lane.unref();
    if ('unusable' in answer) {
      this.#unusable = answer.unusable;
      throw new NoLane(answer.unusable);
    }
    this.#free.push(lane);
    if ('failure' in answer) throw new TileFailure(answer.failure.reason, answer.failure.message);
    return answer.pixels;
  }

  /** Ends the threads after the tiles they compute. */
  async close(): Promise<void> {
    const ended = [...this.#all].map(async (lane) => {
      const exit = once(lane, 'exit');
      lane.ref();
      lane.postMessage({ close: true } satisfies ToLane);
      await exit;
    });
    this.#free.length = 0;
    await Promise.all(ended);
  }

  #open(): Worker {
    const lane = new Worker(ENTRY, { workerData: this.order, execArgv: [] });
    this.#all.add(lane);
    lane.once('exit', () => this.#all.delete(lane));
    return lane;
  }

  /** One message there and one back; a thread that dies over it is one lane less. */
  #ask(lane: Worker, message: ToLane): Promise<FromLane> {
    return new Promise((resolve) => {
      const settle = (answer: FromLane) => {
        lane.off('message', settle);
        lane.off('error', died);
        lane.off('exit', ended);
        resolve(answer);
      };
      const died = (error: Error) => settle({ unusable: error.message });
      const ended = () => settle({ unusable: 'The thread ended.' });
      lane.on('message', settle);
      lane.on('error', died);
      lane.on('exit', ended);
      lane.postMessage(message);
    });
  }
}
