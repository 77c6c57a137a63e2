import type { Raster } from '../../tiling/raster.js';
import type { FileFacts } from '../image-facts.js';
import { blocks } from './blocks.js';
import { allocateSamples } from './row-sink.js';

/** Colour and opacity of one picture, in planes of the same size. */
interface Separated {
  /** Interleaved RGB. */
  readonly colour: Raster;
  /** One channel; undefined when the whole picture is opaque. */
  readonly alpha: Raster | undefined;
}

/**
 * Splits interleaved pixels of 1 to 5 channels into RGB and alpha, and lets the event loop go on. RGB alone is not
 * copied. Premultiplied colours are divided by their alpha. What a first frame does not cover is transparent black.
 */
export async function separated(image: Raster, facts: FileFacts = {}): Promise<Separated> {
  const { data, width, height, channels } = image;
  const { covered, premultiplied = false } = facts;
  const alphaChannel = facts.alphaChannel ?? (channels === 2 || channels === 4 ? channels - 1 : 'none');
  const opacityAt = alphaChannel === 'none' || alphaChannel >= channels ? undefined : alphaChannel;
  if (channels === 3 && opacityAt === undefined && covered === undefined)
    return { colour: image, alpha: undefined };
  const sixteenBit = data instanceof Uint16Array;
  const opaque = sixteenBit ? 65535 : 255;
  const colour = allocateSamples(width * height * 3, sixteenBit);
  const alpha = allocateSamples(width * height, sixteenBit);
  const [green, blue] = channels < 3 ? [0, 0] : [1, 2];
  let transparent = false;
  for await (const { left, top, right, bottom } of blocks(width, height)) {
    for (let y = top; y < bottom; y += 1) {
      for (let x = left, pixel = y * width + left; x < right; x += 1, pixel += 1) {
        const [from, to] = [pixel * channels, pixel * 3];
        const inside = covered === undefined || contains(covered, x, y);
        const opacity = !inside ? 0 : opacityAt === undefined ? opaque : (data[from + opacityAt] ?? 0);
        const factor = !inside ? 0 : premultiplied && opacity > 0 ? opaque / opacity : 1;
        colour[to] = scaled(data[from] ?? 0, factor, opaque);
        colour[to + 1] = scaled(data[from + green] ?? 0, factor, opaque);
        colour[to + 2] = scaled(data[from + blue] ?? 0, factor, opaque);
        alpha[pixel] = opacity;
        if (opacity !== opaque) transparent = true;
      }
    }
  }
  return {
    colour: { data: colour, width, height, channels: 3 },
    alpha: transparent ? { data: alpha, width, height, channels: 1 } : undefined,
  };
}

function scaled(value: number, factor: number, most: number): number {
  return factor === 1 ? value : Math.min(most, Math.round(value * factor));
}

function contains(
  { left, top, width, height }: NonNullable<FileFacts['covered']>,
  x: number,
  y: number,
): boolean {
  return x >= left && y >= top && x < left + width && y < top + height;
}
