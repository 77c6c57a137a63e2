import type { FallbackReason, Provider } from '../domain/types.js';
import type { ModelEntry } from './manifest-entry.js';

/** Interleaved RGB pixels, `width * height * 3` samples, sRGB, full range of the sample type. Owned by the holder. */
export interface RgbPixels {
  readonly data: Uint8Array | Uint16Array;
  readonly width: number;
  readonly height: number;
}

/** What a tile worker answers to a tile. */
export interface WorkerPixels extends RgbPixels {
  /** What computing it took, beside what else was computed; without making the tile worker. */
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
   * @param tile within `entry.sizeRequirements`; not modified, not kept.
   * @returns pixels owned by the caller.
   * @throws TileFailure never anything else.
   */
  run(tile: RgbPixels): Promise<RgbPixels>;
  /**
   * The same on one processor, beside other tiles, in a thread of its own: does not block the event loop. Absent where tiles cannot be
   * computed beside each other.
   */
  runInWorker?(tile: RgbPixels): Promise<WorkerPixels>;
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
