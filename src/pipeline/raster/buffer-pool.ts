import type { Samples } from '../../tiling/raster.js';
import { allocateSamples } from './row-sink.js';

/** Together at most so much is kept between images. */
const MAX_BYTES = 96e6;

/** Kept no longer than this after the last use. */
const IDLE_MS = 5000;

/**
 * Large buffers that one image gives back and the next one takes. Fresh memory is mapped page by page when it is first
 * written, which costs more than the writing: about 4 % of a small image's time. Process-wide, as the allocator is.
 */
const spare: Samples[] = [];
let forgetting: NodeJS.Timeout | undefined;

/** An array of at least so many samples, with anything in it. The caller owns it, and may give it back. */
export function takeSamples(samples: number, sixteenBit: boolean): Samples {
  const index = spare.findIndex(
    (each) =>
      each instanceof Uint16Array === sixteenBit && each.length >= samples && each.length <= 2 * samples,
  );
  const [found] = index < 0 ? [] : spare.splice(index, 1);
  return found ?? allocateSamples(samples, sixteenBit);
}

/** @param samples from `takeSamples`; not to be used afterwards. */
export function giveSamples(samples: Samples): void {
  if (samples.length === 0) return;
  spare.push(samples);
  let bytes = spare.reduce((sum, each) => sum + each.byteLength, 0);
  while (bytes > MAX_BYTES) bytes -= spare.shift()?.byteLength ?? 0;
  clearTimeout(forgetting);
  forgetting = setTimeout(() => spare.splice(0), IDLE_MS).unref();
}
