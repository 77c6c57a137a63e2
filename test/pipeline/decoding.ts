import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { TesseraError } from '../../src/domain/errors.js';
import type { ImageHeader } from '../../src/domain/types.js';
import { type DecodedImage, decode } from '../../src/pipeline/input/decode.js';
import { readHeader } from '../../src/pipeline/input/header.js';
import { limits } from './stage.js';

/** Files of a test as the service sees them: written to a folder that goes with the test's process, sniffed, scanned and decoded. */
export async function decoding() {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-decoding-'));
  after(() => rm(folder, { recursive: true }));
  let files = 0;

  async function saved(bytes: Uint8Array): Promise<string> {
    files += 1;
    const path = join(folder, `source-${files}`);
    await writeFile(path, bytes);
    return path;
  }
  async function header(bytes: Uint8Array): Promise<ImageHeader> {
    return readHeader(await saved(bytes), limits);
  }
  async function decoded(bytes: Uint8Array): Promise<DecodedImage> {
    const path = await saved(bytes);
    return decode(path, await readHeader(path, limits), { metadata: false, profiles: undefined }, limits, 60);
  }
  /** Why a file is refused: its code and its sentence. */
  async function refusal(bytes: Uint8Array): Promise<string> {
    try {
      await decoded(bytes);
    } catch (error) {
      if (error instanceof TesseraError) return `${error.code}: ${error.message}`;
      throw error;
    }
    return 'served';
  }
  return { header, decoded, refusal };
}

/** Colour of a pixel, each channel in 0..255, and its opacity in 0..1, rounded to two digits. */
export function pixelOf(image: DecodedImage, x: number, y: number): number[] {
  const unit = image.sixteenBit ? 257 : 1;
  const at = y * image.colour.width + x;
  const colour = [...image.colour.data.subarray(at * 3, at * 3 + 3)].map((value) => value / unit);
  const alpha = (image.alpha?.data[at] ?? 255 * unit) / (255 * unit);
  return [...colour.map((value) => Math.round(value * 10) / 10), Math.round(alpha * 100) / 100];
}

/** Whether each channel is that near. */
export function near(pixel: readonly number[], expected: readonly number[], tolerance: number): boolean {
  return expected.every((value, index) => Math.abs((pixel[index] ?? Number.NaN) - value) <= tolerance);
}
