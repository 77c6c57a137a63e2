import type { Cicp } from '../colour/cicp.js';
import { unsupportedImage } from '../refusals.js';
import type { DecodedTile, PlaneRow } from './hevc/hevc-decoder.js';

/** Shares of red and blue in luma, by matrix coefficients of H.273. Unspecified (2) means BT.601 in pictures. */
const SHARES: ReadonlyMap<number, readonly [red: number, blue: number]> = new Map([
  [1, [0.2126, 0.0722]],
  [2, [0.299, 0.114]],
  [4, [0.3, 0.11]],
  [5, [0.299, 0.114]],
  [6, [0.299, 0.114]],
  [7, [0.212, 0.087]],
  [9, [0.2627, 0.0593]],
]);
/** Matrix coefficient that means planes of green, blue and red. */
export const IDENTITY = 0;
/** Interpolated chroma is made of four samples, in sixteenths: 9, 3, 3 and 1. */
const CHROMA_PARTS = 16;

/** Rows of a decoded tile as RGB, or its luma alone. Smaller chroma planes are interpolated linearly, as JPEG decoders do. */
export class RgbRows {
  readonly #tile: DecodedTile;
  readonly #most: number;
  readonly #luma: { readonly scale: number; readonly offset: number };
  readonly #chroma: { readonly scale: number; readonly offset: number };
  /** Contributions of chroma: Cr to red, Cb and Cr to green, Cb to blue; undefined for RGB. */
  readonly #matrix: readonly [number, number, number, number] | undefined;
  readonly #cb: Float32Array;
  readonly #cr: Float32Array;
  readonly #between: Float32Array;

  /**
   * @param cicp matrix and range of the samples.
   * @param sixteenBit of the result.
   * @throws TesseraError unsupported_image.
   */
  constructor(
    tile: DecodedTile,
    { matrixCoefficients: matrix, fullRange }: Cicp,
    sixteenBit: boolean,
    private readonly lumaOnly: boolean,
  ) {
    this.#tile = tile;
    this.#most = sixteenBit ? 65_535 : 255;
    const unit = (bits: number) => 2 ** (bits - 8);
    const { lumaBits, chromaBits } = tile;
    this.#luma = {
      scale: this.#most / (fullRange ? 2 ** lumaBits - 1 : 219 * unit(lumaBits)),
      offset: fullRange ? 0 : 16 * unit(lumaBits),
    };
    this.#chroma = {
      scale: this.#most / (fullRange ? 2 ** chromaBits - 1 : 224 * unit(chromaBits)) / CHROMA_PARTS,
      offset: CHROMA_PARTS * 2 ** (chromaBits - 1),
    };
    this.#matrix = lumaOnly ? undefined : matrixOf(tile, matrix);
    const width = lumaOnly ? 0 : tile.width + 2;
    this.#cb = new Float32Array(width);
    this.#cr = new Float32Array(width);
    this.#between = new Float32Array(width);
  }

  /**
   * Writes the first samples of a row.
   * @param pixels number of samples.
   * @param into receives them from `at` on, `channels` samples apart.
   */
  write(y: number, pixels: number, into: Uint8Array | Uint16Array, at: number, channels: number): void {
    const luma = this.#tile.row(0, y);
    if (this.lumaOnly) this.#writeLuma(luma, pixels, into, at, channels);
    else if (this.#matrix === undefined) this.#writePlanes(y, pixels, into, at, channels);
    else {
      this.#interpolate(1, y, this.#cb);
      this.#interpolate(2, y, this.#cr);
      this.#writeColours(luma, this.#matrix, pixels, into, at, channels);
    }
  }

  #sample(value: number): number {
    const scaled = (value - this.#luma.offset) * this.#luma.scale + 0.5;
    return scaled < 0 ? 0 : scaled > this.#most ? this.#most : scaled;
  }

  #writeLuma(
    luma: PlaneRow,
    pixels: number,
    into: Uint8Array | Uint16Array,
    at: number,
    channels: number,
  ): void {
    for (let x = 0, to = at; x < pixels; x += 1, to += channels) into[to] = this.#sample(luma[x] ?? 0);
  }

  #writePlanes(
    y: number,
    pixels: number,
    into: Uint8Array | Uint16Array,
    at: number,
    channels: number,
  ): void {
    const [green, blue, red] = [0, 1, 2].map((plane) => this.#tile.row(plane, y));
    for (let x = 0, to = at; x < pixels; x += 1, to += channels) {
      into[to] = this.#sample(red?.[x] ?? 0);
      into[to + 1] = this.#sample(green?.[x] ?? 0);
      into[to + 2] = this.#sample(blue?.[x] ?? 0);
    }
  }

  #writeColours(
    luma: PlaneRow,
    [redOfCr, greenOfCb, greenOfCr, blueOfCb]: readonly [number, number, number, number],
    pixels: number,
    into: Uint8Array | Uint16Array,
    at: number,
    channels: number,
  ): void {
    const [cbs, crs, most] = [this.#cb, this.#cr, this.#most];
    const [{ scale, offset }, chroma] = [this.#luma, this.#chroma];
    for (let x = 0, to = at; x < pixels; x += 1, to += channels) {
      // A half, so that truncation rounds.
      const light = ((luma[x] ?? 0) - offset) * scale + 0.5;
      const cb = ((cbs[x] ?? 0) - chroma.offset) * chroma.scale;
      const cr = ((crs[x] ?? 0) - chroma.offset) * chroma.scale;
      const red = light + redOfCr * cr;
      const green = light + greenOfCb * cb + greenOfCr * cr;
      const blue = light + blueOfCb * cb;
      into[to] = red < 0 ? 0 : red > most ? most : red;
      into[to + 1] = green < 0 ? 0 : green > most ? most : green;
      into[to + 2] = blue < 0 ? 0 : blue > most ? most : blue;
    }
  }

  /** A row of chroma at the positions of luma, times `CHROMA_PARTS`. Chroma samples lie in the middle of their luma samples. */
  #interpolate(plane: number, y: number, into: Float32Array): void {
    const { chroma, height } = this.#tile;
    const { acrossShift, downShift } = chroma ?? { acrossShift: 0, downShift: 0 };
    const nearY = y >> downShift;
    const lastY = (height - 1) >> downShift;
    const farY = downShift === 0 ? nearY : Math.min(lastY, Math.max(0, nearY + ((y & 1) === 1 ? 1 : -1)));
    const near = this.#tile.row(plane, nearY);
    const far = this.#tile.row(plane, farY);
    const between = acrossShift === 0 ? into : this.#between;
    const weight = acrossShift === 0 ? CHROMA_PARTS / 4 : 1;
    for (let x = 0; x < near.length; x += 1) between[x] = weight * (3 * (near[x] ?? 0) + (far[x] ?? 0));
    if (acrossShift === 0) return;
    const last = near.length - 1;
    for (let x = 0; x <= last; x += 1) {
      const here = 3 * (between[x] ?? 0);
      into[2 * x] = here + (between[x === 0 ? 0 : x - 1] ?? 0);
      into[2 * x + 1] = here + (between[x === last ? last : x + 1] ?? 0);
    }
  }
}

function matrixOf(
  { chroma }: DecodedTile,
  coefficients: number,
): readonly [number, number, number, number] | undefined {
  if (coefficients === IDENTITY && chroma?.acrossShift === 0) return undefined;
  const shares = SHARES.get(coefficients);
  if (shares === undefined)
    throw unsupportedImage(
      `This HEIC image has colours of a kind that is not supported (matrix coefficients ${coefficients} of H.273).`,
    );
  const [red, blue] = shares;
  const green = 1 - red - blue;
  const [ofCr, ofCb] = [2 * (1 - red), 2 * (1 - blue)];
  return [ofCr, (-ofCb * blue) / green, (-ofCr * red) / green, ofCb];
}
