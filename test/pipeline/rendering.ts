import assert from 'node:assert/strict';
import sharp from 'sharp';
import type { Attempt } from '../../src/domain/types.js';
import { monotonicMs } from '../../src/host/clock.js';
import type { LoadedNetwork } from '../../src/models/fallback/loaded-candidate.js';
import { Cancellation } from '../../src/pipeline/cancellation.js';
import { MemoryRows } from '../../src/pipeline/raster/row-sink.js';
import { planRender, Render, type RenderContext } from '../../src/pipeline/render/render.js';
import { RenderClock } from '../../src/pipeline/render/render-clock.js';
import type { Raster } from '../../src/tiling/raster.js';
import { freeScheduler } from './stage.js';

/** A photograph-like raster with detail everywhere. */
export async function detailed(width: number, height: number): Promise<Raster<3>> {
  const noise = await sharp({
    create: {
      width,
      height,
      channels: 3,
      background: '#888',
      noise: { type: 'gaussian', mean: 120, sigma: 60 },
    },
  })
    .blur(1.2)
    .normalise()
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer();
  return { data: new Uint8Array(noise), width, height, channels: 3 };
}

/** What a render leaves. */
export interface Rendered {
  readonly data: Uint8Array | Uint16Array;
  readonly notes: readonly Omit<Attempt, 'ms'>[];
  readonly tiles: number;
}

/** Renders an image in the grid that the render itself plans. */
export async function rendered(
  image: Raster,
  candidate: LoadedNetwork,
  overlapPx: number,
  changes: Partial<RenderContext> = {},
  constantTiles = false,
): Promise<Rendered> {
  const { scale } = candidate.model.entry;
  const notes: Omit<Attempt, 'ms'>[] = [];
  const clock = new RenderClock();
  const sink = new MemoryRows(image.width * scale, image.height * scale, image.data instanceof Uint16Array);
  await new Render(candidate, overlapPx, {
    jobId: 'job',
    scheduler: freeScheduler,
    cancellation: new Cancellation(new AbortController().signal, monotonicMs() + 60_000),
    note: ({ ms, ...note }) => {
      assert.ok(ms === undefined || ms >= 0);
      notes.push(note);
    },
    onTile: () => {},
    clock,
    ...changes,
  }).into(image, planRender(image.width, image.height, candidate, overlapPx), sink, constantTiles);
  return { data: sink.data, notes, tiles: clock.tiles };
}
