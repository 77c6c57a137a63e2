import type { Raster } from '../../tiling/raster.js';
import type { TileModel } from '../tile-model.js';
import { scatteredTile } from './trial.js';

/** Samples beyond a seam may differ by this much. */
export const INVISIBLE = 1;

/** How the answers to two tiles differ, the second of which lies further on the picture. */
interface Difference {
  /** Input pixels from the nearer of both edges to the innermost visible difference. */
  readonly margin: number;
  /** Mean, in the inner half of what both see. */
  readonly inside: number;
}

/** @param first the answer to the tile at the picture's corner. */
export async function movedFrom(
  first: Raster<3>,
  model: TileModel,
  axis: 0 | 1,
  px: number,
): Promise<Difference> {
  const { scale } = model.entry;
  const width = first.width / scale;
  const height = first.height / scale;
  const [right, down] = axis === 0 ? [px, 0] : [0, px];
  const second = await model.run(scatteredTile(right, down, width, height));
  const shared = (axis === 0 ? width : height) - px;
  let margin = 0;
  let sum = 0;
  let samples = 0;
  for (let y = down * scale; y < first.height; y++)
    for (let x = right * scale; x < first.width; x++) {
      const place = Math.floor((axis === 0 ? x : y) / scale) - px;
      const toEdge = Math.min(place + 1, shared - place);
      for (let c = 0; c < 3; c++) {
        const a = first.data[(y * first.width + x) * 3 + c] ?? 0;
        const b = second.data[((y - down * scale) * second.width + x - right * scale) * 3 + c] ?? 0;
        const difference = Math.abs(a - b);
        if (difference > INVISIBLE) margin = Math.max(margin, toEdge);
        if (4 * toEdge > shared) {
          sum += difference;
          samples++;
        }
      }
    }
  return { margin, inside: samples === 0 ? 0 : sum / samples };
}
