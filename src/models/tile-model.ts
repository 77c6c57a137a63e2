import type { FallbackReason, Provider } from '../domain/types.js';
import type { Raster } from '../tiling/raster.js';
import type { ModelEntry } from './manifest-entry.js';

/** A tile upscaled in a worker. */
export interface TimedTile {
  readonly upscaled: Raster<3>;
  /** Time the model ran, in milliseconds; starting the worker is not counted. */
  readonly ms: number;
}

/**
 * A model loaded on one provider: the only thing the tile loop sees of ONNX Runtime. Layout, dtype, range, padding to
 * `multipleOf` or to a fixed size, and cropping that padding away again all happen behind `run`.
 */
export interface TileModel {
  readonly entry: ModelEntry;
  readonly provider: Provider;
  /**
   * Upscales one tile by `entry.scale`. The sample type out is the sample type in (a uint8 model is never given 16 bits:
   * the chain loads its float32 twin for those). Blocks the event loop while it runs: ONNX Runtime's node binding is synchronous.
   * @param tile RGB, within `entry.sizeRequirements`; not modified, not kept.
   * @returns pixels owned by the caller.
   * @throws TileFailure never anything else.
   */
  run(tile: Raster<3>): Promise<Raster<3>>;
  /**
   * Like `run`, on one processor in a worker thread: several tiles can run at once, and the event loop is not blocked. Absent on a
   * provider that computes one tile at a time.
   */
  runInWorker?(tile: Raster<3>): Promise<TimedTile>;
}

/** Why one tile could not be computed, in the words of the fallback chain. */
export class TileFailure extends Error {
  override readonly name = 'TileFailure';
  constructor(
    readonly reason: Extract<
      FallbackReason,
      'out_of_memory' | 'invalid_output' | 'device_lost' | 'runtime_error'
    >,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
