import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../src/host/package-root.js';
import { loadManifest } from '../src/models/manifest.js';
import { type LoadedModel, openModel } from '../src/models/onnx/session.js';
import { warmUpTile } from '../src/models/onnx/warm-up.js';
import { paired, table } from './measure.js';
import { SharedModel } from './shared-model.js';

/**
 * Compares as many tiles as processors, computed at once in tile workers, with the same tiles computed one after the other on all processors. The
 * source of `LOST_TOGETHER` in `tiling/plan.ts`.
 *   node build/bench/tile-workers.js [threads]
 * The slow model is `realesr-general-x4v3` from `../shared`; without it only the embedded one is measured.
 */
const SIDE_PX = 512;
const PAIRS = 7;
const threads = Number(process.argv[2] ?? availableParallelism());

async function measure(folder: string, name: string): Promise<string[]> {
  const entry = (await loadManifest(folder)).find((each) => each.name === name);
  if (entry === undefined) throw new Error(`There is no model ${name}.`);
  const model: LoadedModel = await openModel(entry, folder, 'cpu', { threads });
  const tile = warmUpTile(SIDE_PX, SIDE_PX);
  const tiles = Array.from({ length: threads }, () => tile);
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const startedMs = performance.now();
    await work();
    return performance.now() - startedMs;
  };
  const { aMs, bMs, ratio, ratioMin, ratioMax } = await paired(
    PAIRS,
    () => timed(() => Promise.all(tiles.map((each) => model.runInWorker?.(each)))),
    () =>
      timed(async () => {
        for (const each of tiles) await model.run(each);
      }),
  );
  await model.release();
  const perPixel = (ms: number) => ((ms * 1000) / (threads * SIDE_PX ** 2)).toFixed(2);
  return [
    name,
    perPixel(aMs),
    perPixel(bMs),
    `**${ratio.toFixed(2)}** (${ratioMin.toFixed(2)}–${ratioMax.toFixed(2)})`,
  ];
}

const rows = [await measure(join(packageRoot(), 'models'), 'tessera-lite-x4')];
const shared = await SharedModel.open('realesr-general-x4v3');
if (shared === undefined) console.log('realesr-general-x4v3 is not on this machine.');
else {
  rows.push(await measure(shared.folder, shared.name));
  await shared.close();
}
console.log(
  table(
    [
      'model',
      `µs per pixel, ${threads} tile workers`,
      `${threads} threads on one tile`,
      'tile workers ÷ threads (min–max)',
    ],
    rows,
  ),
);
