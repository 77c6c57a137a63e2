/** A HEIC as the pipeline sees it: its header, and its pixels. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ImageHeader } from '../../src/domain/types.js';
import { monotonicMs } from '../../src/host/clock.js';
import { Cancellation } from '../../src/pipeline/cancellation.js';
import { developHeic } from '../../src/pipeline/heif/develop.js';
import { hevcInstalled } from '../../src/pipeline/heif/hevc/hevc-module.js';
import { type DecodedImage, decode } from '../../src/pipeline/input/decode.js';
import { readHeader } from '../../src/pipeline/input/header.js';
import type { PipelineLimits } from '../../src/pipeline/limits.js';
import { RowProgress, type RowsDone } from '../../src/pipeline/progress/row-progress.js';
import { HEIGHT, shown, WIDTH } from './heic-files.js';
import { limits as usualLimits } from './stage.js';

/** For tests: the decoder is an optional dependency. */
export const needsDecoder = hevcInstalled()
  ? {}
  : { skip: 'libheif-js, an optional dependency, is not installed' };

export interface Developed {
  readonly header: ImageHeader;
  readonly image: DecodedImage;
}

export async function developed(
  file: Buffer,
  {
    limits = usualLimits,
    keepMetadata = false,
    timeoutMs = 60_000,
    signal = new AbortController().signal,
    onRows = () => {},
  }: {
    limits?: PipelineLimits;
    keepMetadata?: boolean;
    timeoutMs?: number;
    signal?: AbortSignal;
    onRows?: (rows: RowsDone) => void;
  } = {},
): Promise<Developed> {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-heic-'));
  try {
    const [source, raster] = [join(folder, 'source'), join(folder, 'developed.v')];
    await writeFile(source, file);
    const header = await readHeader(source, limits);
    await developHeic(
      source,
      raster,
      limits,
      new Cancellation(signal, monotonicMs() + timeoutMs),
      new RowProgress(onRows),
    );
    return {
      header,
      image: await decode(raster, header, { metadata: keepMetadata, profiles: undefined }, limits, 60),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What the picture shows, from 0 to `most`. @param at where a pixel is in it. */
export function expected(
  width: number,
  height: number,
  most: number,
  at = (x: number, y: number): readonly [number, number] => [x, y],
): Uint16Array {
  const values: number[] = [];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      values.push(...shown(...at(x, y)).map((value) => Math.round(value * most)));
  return Uint16Array.from(values);
}

/** The whole picture, of 8 bits. */
export const whole = () => expected(WIDTH, HEIGHT, 255);
