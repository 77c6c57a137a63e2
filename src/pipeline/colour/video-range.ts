import type { Samples } from '../../tiling/raster.js';
import { blocks } from '../raster/blocks.js';

/** Black and white in video range, of 255 (ITU-R BT.601). */
const BLACK = 16;
const WHITE = 235;

/**
 * Expands video range to full range in place, and lets the event loop go on.
 * @param data grey as equal channels.
 */
export async function expandRange(data: Samples): Promise<void> {
  const most = data instanceof Uint16Array ? 65_535 : 255;
  const values = Float32Array.from({ length: most + 1 }, (_, value) =>
    Math.min(most, Math.max(0, Math.round(((value * 255) / most - BLACK) * (most / (WHITE - BLACK))))),
  );
  for await (const { left, right } of blocks(data.length, 1))
    for (let at = left; at < right; at += 1) data[at] = values[data[at] ?? 0] ?? 0;
}
