import type { Cicp } from '../colour/cicp.js';
import { damaged } from '../refusals.js';
import { checkColour } from './colour.js';
import type { DecodedTile } from './hevc/hevc-decoder.js';
import type { LoadedHevc } from './hevc/hevc-module.js';
import { nalUnits } from './hevc/nal-units.js';
import { decodeWhole } from './hevc/whole-picture.js';
import type { CodedTile, Grid } from './picture.js';
import { IDENTITY, RgbRows } from './rgb-rows.js';

/** How the samples of a grid are used. */
interface SampleTerms {
  /** One sample per pixel, for grey and alpha. */
  readonly kind: 'colour' | 'grey' | 'alpha';
  /** From the container; without it, the coded picture counts. */
  readonly cicp: Cicp | undefined;
  readonly hasProfile: boolean;
  readonly sixteenBit: boolean;
}

/** Opacity: the sample itself, whatever range the coded picture declares. */
const ALPHA: Cicp = { primaries: 2, transferCharacteristics: 2, matrixCoefficients: 2, fullRange: true };

/** Pixels by which a tile may be larger than declared: some encoders round sizes up to whole blocks. */
const MAX_SURPLUS_PX = 15;

/**
 * The rows of a grid from the top down. A row of tiles is decoded at its first row and released after its last, so
 * one row of tiles is in memory.
 */
export class TileRows {
  #row = -1;
  #tiles: readonly { readonly decoded: DecodedTile; readonly rgb: RgbRows }[] = [];

  /** @param read returns the bytes of a tile. */
  constructor(
    private readonly grid: Grid,
    private readonly terms: SampleTerms,
    private readonly hevc: LoadedHevc,
    private readonly read: (tile: CodedTile) => Buffer,
  ) {}

  /**
   * Writes a row, from its first pixel.
   * @param pixels number of pixels.
   * @param into receives them from `at` on, `channels` samples apart.
   * @throws TesseraError corrupt_image, unsupported_image.
   */
  write(y: number, pixels: number, into: Uint8Array | Uint16Array, at: number, channels: number): void {
    const { tileWidth, tileHeight } = this.grid;
    const row = Math.floor(y / tileHeight);
    if (row !== this.#row) this.#decodeRow(row);
    for (const [column, { rgb }] of this.#tiles.entries()) {
      const left = column * tileWidth;
      const count = Math.min(tileWidth, pixels - left);
      if (count > 0) rgb.write(y - row * tileHeight, count, into, at + left * channels, channels);
    }
  }

  #decodeRow(row: number): void {
    for (const { decoded } of this.#tiles) decoded.free();
    const { columns, tiles } = this.grid;
    this.#tiles = tiles.slice(row * columns, (row + 1) * columns).map((tile) => this.#decode(tile));
    this.#row = row;
  }

  #decode(tile: CodedTile): { decoded: DecodedTile; rgb: RgbRows } {
    const { kind, cicp, hasProfile, sixteenBit } = this.terms;
    const units = nalUnits(Buffer.from(tile.configuration), this.read(tile));
    const decoded = decodeWhole(
      this.hevc,
      units,
      (found) => found.chroma === undefined || (cicp ?? found.cicp).matrixCoefficients === IDENTITY,
    );
    const { tileWidth, tileHeight } = this.grid;
    const [across, down] = [decoded.width - tileWidth, decoded.height - tileHeight];
    if (Math.min(across, down) < 0 || Math.max(across, down) > MAX_SURPLUS_PX)
      throw damaged(
        'HEIC',
        `${decoded.width} x ${decoded.height} pixels instead of ${tileWidth} x ${tileHeight}`,
      );
    if (kind === 'alpha') return { decoded, rgb: new RgbRows(decoded, ALPHA, sixteenBit, true) };
    if ((kind === 'grey') !== (decoded.chroma === undefined))
      throw damaged('HEIC', 'tiles in grey and in colour');
    if (cicp === undefined) checkColour(decoded.cicp, hasProfile);
    return { decoded, rgb: new RgbRows(decoded, cicp ?? decoded.cicp, sixteenBit, kind === 'grey') };
  }
}
