import { join } from 'node:path';
import sharp from 'sharp';
import { packageRoot } from '../src/host/package-root.js';
import { loadManifest } from '../src/models/manifest.js';
import { openModel } from '../src/models/onnx/session.js';
import { Cancellation } from '../src/pipeline/cancellation.js';
import { MemoryRows } from '../src/pipeline/raster/row-sink.js';
import { planRender, Render } from '../src/pipeline/render/render.js';
import { RenderClock } from '../src/pipeline/render/render-clock.js';
import { cut } from '../src/tiling/cut.js';
import { BORDER_PX, type Seam } from '../src/tiling/plan.js';
import type { Raster } from '../src/tiling/raster.js';

/**
 * Draws `docs/seams.png`: what tiling changes, amplified, without overlap and at the embedded model's own, with the
 * numbers for the band of 8 output pixels on each side of the seams. From left to right: the untiled result, the
 * difference without overlap, the difference at the model's overlap.
 * Usage: node build/bench/seams.js [picture]
 */
const AMPLIFIED = 32;
const BAND_PX = 8;
const TILE_PX = 128;

const root = packageRoot();
const picture = process.argv[2] ?? join(root, 'bench', 'photos', 'spices.jpg');
const modelsFolder = join(root, 'models');
const entry = (await loadManifest(modelsFolder)).find(
  ({ family, floatTwin }) => family === 'tessera' && floatTwin !== undefined,
);
if (entry === undefined) throw new Error('The manifest has no embedded model');
const model = await openModel(entry, modelsFolder, 'cpu', { threads: 2 });

const { data, info } = await sharp(picture)
  .resize(240, 160, { fit: 'cover' })
  .removeAlpha()
  .toColourspace('srgb')
  .raw()
  .toBuffer({ resolveWithObject: true });
const image: Raster = { data: new Uint8Array(data), width: info.width, height: info.height, channels: 3 };
const width = image.width * entry.scale;
const height = image.height * entry.scale;

async function untiled(): Promise<Uint8Array> {
  const bordered = { width: image.width + 2 * BORDER_PX, height: image.height + 2 * BORDER_PX };
  const input = new Uint8Array(bordered.width * bordered.height * 3);
  cut(image, -BORDER_PX, -BORDER_PX, bordered.width, bordered.height, input);
  const output = await model.run({ data: input, ...bordered, channels: 3 });
  const whole = new Uint8Array(width * height * 3);
  const border = BORDER_PX * model.entry.scale;
  cut({ ...output, channels: 3 }, border, border, width, height, whole);
  return whole;
}

const candidate = {
  kind: 'network',
  model,
  passes: 1,
  tileSizePx: TILE_PX,
  givenTilePx: undefined,
  rememberTileSize: () => {},
  recordSpeed: () => {},
  checkPace: () => {},
  checkWait: () => {},
  alternative: async () => undefined,
  microsecondsPerPixel: undefined,
  tileWorkers: 1,
} as const;

async function tiled(overlapPx: number): Promise<Uint8Array> {
  const rows = new MemoryRows(width, height, false);
  await new Render(candidate, overlapPx, {
    jobId: 'seams',
    scheduler: { take: async () => ({ end: () => {} }) },
    cancellation: new Cancellation(new AbortController().signal, Number.POSITIVE_INFINITY),
    note: () => {},
    onTile: () => {},
    clock: new RenderClock(),
  }).into(image, planRender(image.width, image.height, candidate, overlapPx), rows);
  return rows.data as Uint8Array;
}

function beside(seams: readonly Seam[], position: number): boolean {
  const { scale } = model.entry;
  return seams.some(({ from, to }) => position >= from * scale - BAND_PX && position < to * scale + BAND_PX);
}

const whole = await untiled();
const panels: Buffer[] = [Buffer.from(whole)];
for (const overlapPx of [0, entry.overlapPx]) {
  const pixels = await tiled(overlapPx);
  const plan = planRender(image.width, image.height, candidate, overlapPx);
  const difference = Buffer.alloc(pixels.length);
  let squares = 0;
  let samples = 0;
  let largest = 0;
  for (let at = 0; at < pixels.length; at += 1) {
    const error = Math.abs((pixels[at] ?? 0) - (whole[at] ?? 0));
    difference[at] = Math.min(255, error * AMPLIFIED);
    const pixel = Math.floor(at / 3);
    if (!beside(plan.columns.seams, pixel % width) && !beside(plan.rows.seams, Math.floor(pixel / width)))
      continue;
    squares += error * error;
    samples += 1;
    largest = Math.max(largest, error);
  }
  const decibels = 10 * Math.log10((255 * 255 * samples) / squares);
  console.log(
    `overlap ${overlapPx}: PSNR beside the seams ${decibels.toFixed(1)} dB, largest difference ${largest}/255`,
  );
  panels.push(difference);
}
await model.release();

const gap = 8;
const sheet = await sharp({ create: { width: width * 3 + gap * 2, height, channels: 3, background: '#888' } })
  .composite(
    panels.map((input, index) => ({
      input,
      raw: { width, height, channels: 3 },
      left: index * (width + gap),
      top: 0,
    })),
  )
  .png()
  .toBuffer();
await sharp(sheet)
  .resize({ width: 1440 })
  .png({ palette: true, colours: 128 })
  .toFile(join(root, 'docs', 'seams.png'));
