import { type BusyParts, grown, type Part } from '../../tiling/busy-parts.js';
import type { Raster } from '../../tiling/raster.js';
import { allocateSamples } from '../raster/row-sink.js';

/**
 * The answer to a tile that is only partly computed: flat cells get their own colour, enlarged.
 * @param reachPx how far an answer depends on the input.
 * @param compute computes a piece of the tile; its answer is valid until the next call.
 */
export async function filledTile(
  tile: Raster<3>,
  { cellPx, flat, columns, parts }: BusyParts,
  reachPx: number,
  scale: number,
  compute: (piece: Raster<3>) => Promise<Raster<3>>,
): Promise<Raster<3>> {
  const [width, height] = [tile.width * scale, tile.height * scale];
  const data = allocateSamples(width * height * 3, tile.data instanceof Uint16Array);
  const answer: Raster<3> = { data, width, height, channels: 3 };
  for (let y = 0; y < height; y += 1) {
    const row = Math.floor(y / (cellPx * scale));
    // All rows within a row of cells are alike.
    if (y > row * cellPx * scale) {
      data.copyWithin(y * width * 3, (y - 1) * width * 3, y * width * 3);
      continue;
    }
    for (let x = 0; x < width; x += 1) {
      const column = Math.floor(x / (cellPx * scale));
      if (flat[row * columns + column] === 0) continue;
      const from = (row * cellPx * tile.width + column * cellPx) * 3;
      const to = (y * width + x) * 3;
      data[to] = tile.data[from] ?? 0;
      data[to + 1] = tile.data[from + 1] ?? 0;
      data[to + 2] = tile.data[from + 2] ?? 0;
    }
  }
  for (const part of parts) {
    const outer = grown(part, reachPx, tile.width, tile.height);
    paste(answer, await compute(piece(tile, outer)), part, outer, scale);
  }
  return answer;
}

function piece({ data, width }: Raster<3>, { left, top, right, bottom }: Part): Raster<3> {
  const samples = allocateSamples((right - left) * (bottom - top) * 3, data instanceof Uint16Array);
  const stride = (right - left) * 3;
  for (let y = top; y < bottom; y += 1)
    samples.set(data.subarray((y * width + left) * 3, (y * width + right) * 3), (y - top) * stride);
  return { data: samples, width: right - left, height: bottom - top, channels: 3 };
}

/** Copies `part` out of the answer to `outer`. */
function paste(answer: Raster<3>, computed: Raster<3>, part: Part, outer: Part, scale: number): void {
  const left = (part.left - outer.left) * scale;
  const samples = (part.right - part.left) * scale * 3;
  for (let y = part.top * scale; y < part.bottom * scale; y += 1) {
    const from = ((y - outer.top * scale) * computed.width + left) * 3;
    answer.data.set(computed.data.subarray(from, from + samples), (y * answer.width + part.left * scale) * 3);
  }
}
