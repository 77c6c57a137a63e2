import type { AxisPlan } from './plan.js';
import type { Samples } from './raster.js';

/**
 * Weights of the later of two tiles across a seam of `length` pixels; the earlier tile's weights are one minus these.
 * They are taken in the middle of each pixel, so that the ramp is symmetric.
 */
export function ramp(length: number): Float64Array {
  return Float64Array.from({ length }, (_, index) => (index + 0.5) / length);
}

/** The part that one tile contributes along one axis, in input pixels of the image. */
export interface Share {
  /** First pixel of the tile that is used. */
  readonly from: number;
  /** End of the cross-fade with the tile before, which begins at `from`. */
  readonly fadeTo: number;
  /** End of the used pixels, exclusive. */
  readonly to: number;
  /** Start of the cross-fade's ramp; before `from` where the seam extends beyond the wanted part. */
  readonly rampFrom: number;
  /** End of the ramp. */
  readonly rampTo: number;
}

/** @param from, to the wanted pixels of the axis, for example the image without its border. */
export function shareOf(axis: AxisPlan, index: number, from: number, to: number): Share {
  const before = axis.seams[index - 1];
  const after = axis.seams[index];
  const within = (position: number) => Math.min(Math.max(position, from), to);
  return {
    from: within(before?.from ?? from),
    fadeTo: within(before?.to ?? from),
    to: within(after?.to ?? to),
    rampFrom: before?.from ?? from,
    rampTo: before?.to ?? from,
  };
}

/**
 * Weights of a tile's leading output pixels against its neighbour's.
 * @param scale output pixels per input pixel.
 * @param repeat samples per pixel: the channels of a row, or 1 for whole rows.
 */
export function shareWeights(share: Share, scale: number, repeat: number): Float64Array {
  const weights = ramp((share.rampTo - share.rampFrom) * scale);
  const skipped = (share.from - share.rampFrom) * scale;
  const used = (share.fadeTo - share.from) * scale;
  return Float64Array.from(
    { length: used * repeat },
    (_, index) => weights[skipped + Math.floor(index / repeat)] ?? 1,
  );
}

/** A rectangle of interleaved samples inside a larger buffer. */
export interface Area {
  readonly data: Samples;
  /** Samples between the starts of two rows. */
  readonly stride: number;
  /** Index of the first sample. */
  readonly offset: number;
}

/**
 * Puts rows of a tile beside the tile before it: the leading samples are cross-faded by `weights`, the rest is copied
 * row by row.
 * @param samples per row, including faded ones.
 * @param weights one per leading sample: the tile's weight against what the target holds.
 */
export function placeRows(
  tile: Area,
  target: Area,
  samples: number,
  rows: number,
  weights: Float64Array,
): void {
  const faded = weights.length;
  for (let y = 0; y < rows; y += 1) {
    const from = tile.offset + y * tile.stride;
    const to = target.offset + y * target.stride;
    for (let index = 0; index < faded; index += 1) {
      const earlier = target.data[to + index] ?? 0;
      const later = tile.data[from + index] ?? 0;
      target.data[to + index] = earlier + (later - earlier) * (weights[index] ?? 1) + 0.5;
    }
    target.data.set(tile.data.subarray(from + faded, from + samples), to + faded);
  }
}

/**
 * Cross-fades whole rows over those of the tile row above.
 * @param weights one per row.
 */
export function fadeRows(later: Area, target: Area, samples: number, weights: Float64Array): void {
  for (let y = 0; y < weights.length; y += 1) {
    const weight = weights[y] ?? 1;
    const from = later.offset + y * later.stride;
    const to = target.offset + y * target.stride;
    for (let index = 0; index < samples; index += 1) {
      const earlier = target.data[to + index] ?? 0;
      target.data[to + index] = earlier + ((later.data[from + index] ?? 0) - earlier) * weight + 0.5;
    }
  }
}
