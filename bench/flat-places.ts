import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { monotonicMs } from '../src/host/clock.js';
import { packageRoot } from '../src/host/package-root.js';
import type { LoadedNetwork } from '../src/models/fallback/loaded-candidate.js';
import { loadManifest } from '../src/models/manifest.js';
import { openModel } from '../src/models/onnx/session.js';
import type { TileModel } from '../src/models/tile-model.js';
import { Cancellation } from '../src/pipeline/cancellation.js';
import { MemoryRows } from '../src/pipeline/raster/row-sink.js';
import { planRender, Render } from '../src/pipeline/render/render.js';
import { RenderClock } from '../src/pipeline/render/render-clock.js';
import type { Raster } from '../src/tiling/raster.js';
import { median, table } from './measure.js';

/**
 * What is won by not computing flat places, on pictures that have some, and lost on one that has none.
 * Usage: node build/bench/flat-places.js [file of a picture]...
 */
const RUNS = 3;
const photo = join(packageRoot(), 'bench', 'photos', 'otter.jpg');

function drawn(width: number, height: number, content: string) {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="DejaVu Sans">${content}</svg>`;
  return sharp(Buffer.from(svg)).flatten({ background: '#fff' });
}

function lines(left: number, top: number, count: number, words: string, size: number): string {
  return Array.from(
    { length: count },
    (_, line) => `<text x="${left}" y="${top + line * size * 1.5}" font-size="${size}">${words}</text>`,
  ).join('');
}

const words = 'The quick brown fox jumps over the lazy dog and reads a page of text.';

/** Pictures as people send them. */
const pictures: readonly (readonly [name: string, picture: Sharp])[] = [
  [
    'a window on a desktop, 1280 x 800',
    drawn(
      1280,
      800,
      `<rect width="1280" height="800" fill="#2b4a6f"/><rect x="140" y="90" width="900" height="560" fill="#fff"/>
       <rect x="140" y="90" width="900" height="32" fill="#dde1e6"/><text x="160" y="112" font-size="14">Notes</text>${lines(180, 170, 6, words, 15)}`,
    ),
  ],
  [
    'a page of two paragraphs, 1240 x 1754',
    drawn(1240, 1754, lines(150, 200, 9, words, 26) + lines(150, 900, 9, words, 26)),
  ],
  [
    'a product on white, 1200 x 1200',
    drawn(1200, 1200, '').composite([
      { input: await sharp(photo).resize(420, 420, { fit: 'cover' }).toBuffer(), left: 390, top: 420 },
    ]),
  ],
  ['a photograph, 640 x 480', sharp(photo).resize(640, 480, { fit: 'cover' })],
];
const files = process.argv.slice(2).map((file) => [file, sharp(file)] as const);

const entries = await loadManifest(join(packageRoot(), 'models'));
const entry = entries.find(({ flatReachPx }) => flatReachPx !== undefined);
if (entry === undefined) throw new Error('No model of the manifest gives flat colour back');
const model = await openModel(entry, join(packageRoot(), 'models'), 'cpu', { threads: 2 });
const { flatReachPx: _, ...everywhere } = entry;

/** Counts pixels. */
class Counting implements TileModel {
  readonly provider = 'cpu';
  pixels = 0;
  constructor(readonly entry: typeof everywhere) {}
  run(tile: Raster<3>): Promise<Raster<3>> {
    this.pixels += tile.width * tile.height;
    return model.run(tile);
  }
}

async function rendered(picture: Raster, counting: Counting): Promise<number> {
  const candidate: LoadedNetwork = {
    kind: 'network',
    model: counting,
    passes: 1,
    tileSizePx: 512,
    givenTilePx: undefined,
    rememberTileSize: () => {},
    recordSpeed: () => {},
    checkPace: () => {},
    checkWait: () => {},
    alternative: async () => undefined,
    microsecondsPerPixel: 1,
    tileWorkers: 1,
  };
  const { width, height } = picture;
  const started = performance.now();
  await new Render(candidate, counting.entry.overlapPx, {
    jobId: 'bench',
    scheduler: { take: async () => ({ end: () => {} }) },
    cancellation: new Cancellation(new AbortController().signal, monotonicMs() + 600_000),
    note: () => {},
    onTile: () => {},
    clock: new RenderClock(),
  }).into(
    picture,
    planRender(width, height, candidate, counting.entry.overlapPx),
    new MemoryRows(width * 4, height * 4, false),
  );
  return performance.now() - started;
}

const rows: string[][] = [];
for (const [name, source] of [...pictures, ...files]) {
  const { data, info } = await source
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const picture: Raster = { data: new Uint8Array(data), width: info.width, height: info.height, channels: 3 };
  const [all, some] = [new Counting(everywhere), new Counting(entry)];
  const times: [number[], number[]] = [[], []];
  for (let run = 0; run < RUNS; run += 1) {
    times[0].push(await rendered(picture, all));
    times[1].push(await rendered(picture, some));
  }
  rows.push([
    name,
    `${Math.round((100 * some.pixels) / all.pixels)} %`,
    (median(times[0]) / 1000).toFixed(2),
    (median(times[1]) / 1000).toFixed(2),
    (median(times[1]) / median(times[0])).toFixed(2),
  ]);
}
console.log(table(['picture', 'pixels computed', 'all, s', 'without flat places, s', 'ratio'], rows));
await model.release();
