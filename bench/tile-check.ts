import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { packageRoot } from '../src/host/package-root.js';
import { addModel } from '../src/models/custom/add-model.js';
import { loadManifest } from '../src/models/manifest.js';
import type { ModelEntry } from '../src/models/manifest-entry.js';
import { openModel } from '../src/models/onnx/session.js';
import { type Comparison, compareWithTile, faultOfAnswer } from '../src/models/onnx/tile-check.js';
import type { TileModel } from '../src/models/tile-model.js';
import type { Raster, Samples } from '../src/tiling/raster.js';
import { hardPictures, type NamedPicture, picturesIn } from './hard-pictures.js';
import { median, table } from './measure.js';

/**
 * Measures the tile check (`models/onnx/tile-check`): its figures for right and for wrong answers, and its cost.
 * Usage: node build/bench/tile-check.js [--model FILE.onnx]... [folder of pictures]...
 * Without a folder: the photographs of this folder; hard pictures are made from the first of them.
 */
const args = process.argv.slice(2);
const files = args.flatMap((arg, at) => (args[at - 1] === '--model' ? [arg] : []));
const folders = args.filter((arg, at) => arg !== '--model' && args[at - 1] !== '--model');
const photosFolder = join(packageRoot(), 'bench', 'photos');

/** Runs of one tile, alternately with and without the check. */
const RUNS = 21;
const SIDES_PX = [128, 512];

const natural = (await Promise.all([photosFolder, ...folders].map(picturesIn))).flat();
const hard = await hardPictures(natural.slice(0, 3));

type Fault = (answer: Raster<3>, scale: number) => Raster<3>;

function samples(change: (data: Samples, at: number) => number): Fault {
  return (answer) => ({ ...answer, data: Uint8Array.from(answer.data, (_, at) => change(answer.data, at)) });
}

function moved(px: number): Fault {
  return (answer, scale) => ({
    ...answer,
    data: Uint8Array.from(answer.data, (_, at) => {
      const x = Math.floor(at / 3) % answer.width;
      return answer.data[at - 3 * Math.min(x, px * scale)] ?? 0;
    }),
  });
}

const at = (data: Samples, index: number): number => data[index] ?? 0;
const FAULTS: readonly (readonly [string, Fault])[] = [
  ['red and blue swapped', samples((data, i) => at(data, i + 2 - 2 * (i % 3)))],
  ['moved by 4 px', moved(4)],
  ['moved by 8 px', moved(8)],
  ['moved by 10 px', moved(10)],
  ['moved by 16 px', moved(16)],
  ['inverted', samples((data, i) => 255 - at(data, i))],
  ['-1 to 1 read as 0 to 1', samples((data, i) => Math.max(0, 2 * at(data, i) - 255))],
  ['0 to 1 read as -1 to 1', samples((data, i) => (at(data, i) + 255) / 2)],
  ['overflow to white', samples((data, i) => Math.min(255, 16 * at(data, i)))],
  ['almost black', samples((data, i) => at(data, i) / 16)],
  ['one channel lost', samples((data, i) => (i % 3 === 1 ? 0 : at(data, i)))],
  ['noise', samples((_, i) => Math.imul(i, 0x9e3779b1) >>> 24)],
  [
    'a quarter black',
    (answer) => {
      const data = Uint8Array.from(answer.data);
      for (let y = 0; y < answer.height / 2; y += 1)
        data.fill(0, y * answer.width * 3, (y * answer.width + (answer.width >> 1)) * 3);
      return { ...answer, data };
    },
  ],
];

function worst(
  found: readonly (Comparison & { name: string })[],
  key: 'far' | 'swapped' | 'moved' | 'misread',
): string {
  const most = found.reduce((a, b) => (b[key] > a[key] ? b : a));
  return `${most[key].toFixed(2)} (${most.name})`;
}

async function measure(model: TileModel): Promise<void> {
  const { scale, name } = model.entry;
  const compare = async (pictures: readonly NamedPicture[]) => {
    const found: (Comparison & { name: string; tile: Raster<3>; answer: Raster<3> })[] = [];
    for (const tile of pictures) {
      const answer = await model.run(tile);
      found.push({ ...compareWithTile(tile, answer), name: tile.name, tile, answer });
    }
    return found;
  };
  const right = await compare(natural);
  const odd = await compare(hard);
  for (const [kind, found] of [
    ['natural', right],
    ['hard', odd],
  ] as const)
    rows.push([
      name,
      `${found.length} ${kind}`,
      worst(found, 'far'),
      worst(found, 'swapped'),
      worst(found, 'moved'),
      worst(found, 'misread'),
    ]);
  caught.push([
    name,
    ...FAULTS.map(([, fault]) => {
      const known = right.filter(
        ({ tile, answer }) => faultOfAnswer(tile, fault(answer, scale)) !== undefined,
      );
      return `${Math.round((100 * known.length) / right.length)} %`;
    }),
  ]);
}

const rows: string[][] = [];
const caught: string[][] = [];
const folder = await mkdtemp(join(tmpdir(), 'tessera-tile-check-'));
try {
  await cp(join(packageRoot(), 'models'), folder, { recursive: true });
  for (const file of files)
    await addModel(file, folder, { name: `${basename(file, '.onnx')}-here`.toLowerCase() });
  const entries = (await loadManifest(folder)).filter((entry) => existsSync(join(folder, entry.file)));
  for (const entry of entries) {
    const model = await openModel({ ...entry, tileCheck: false }, folder, 'cpu', { threads: 2 });
    await measure(model);
    await model.release();
  }
  console.log(
    '\nRight answers: share of what is likely (1 is refused); times nearer to swapped, moved, misread (4 are refused).\n',
  );
  console.log(table(['model', 'pictures', 'differs', 'swapped', 'moved', 'misread'], rows));
  console.log('\nWrong answers to the natural pictures that are noticed, each picture one tile.\n');
  console.log(table(['model', ...FAULTS.map(([what]) => what)], caught));
  const [embedded] = entries;
  if (embedded !== undefined) await cost(embedded);
} finally {
  await rm(folder, { recursive: true });
}

async function cost(entry: ModelEntry): Promise<void> {
  const checked = await openModel(entry, folder, 'cpu', { threads: 2 });
  const bare = await openModel({ ...entry, tileCheck: false }, folder, 'cpu', { threads: 2 });
  const [photo] = natural;
  if (photo === undefined) return;
  const lines: string[][] = [];
  for (const side of SIDES_PX) {
    const tile = tiled(photo, side);
    const timesMs: { with: number[]; without: number[]; check: number[] } = {
      with: [],
      without: [],
      check: [],
    };
    for (let run = 0; run < RUNS; run += 1)
      for (const which of run % 2 === 0 ? (['with', 'without'] as const) : (['without', 'with'] as const)) {
        const startedMs = performance.now();
        const answer = await (which === 'with' ? checked : bare).run(tile);
        timesMs[which].push(performance.now() - startedMs);
        if (which === 'with') continue;
        const checkMs = performance.now();
        faultOfAnswer(tile, answer);
        timesMs.check.push(performance.now() - checkMs);
      }
    const bareMs = median(timesMs.without);
    lines.push([
      `${side}²`,
      ((bareMs * 1000) / side ** 2).toFixed(2),
      ((median(timesMs.check) * 1e6) / side ** 2).toFixed(1),
      `${((100 * median(timesMs.check)) / bareMs).toFixed(2)} %`,
      (median(timesMs.with) / bareMs).toFixed(3),
    ]);
  }
  console.log(`\nCost with ${entry.name}, medians of ${RUNS} runs in turn.\n`);
  console.log(table(['tile', 'µs a pixel', 'check, ns a pixel', 'check/tile', 'with/without'], lines));
  await checked.release();
  await bare.release();
}

/** The photograph repeated up to a size. */
function tiled(photo: NamedPicture, side: number): Raster<3> {
  const data = new Uint8Array(side * side * 3);
  for (let i = 0; i < data.length; i += 1) {
    const pixel = Math.floor(i / 3);
    const x = (pixel % side) % photo.width;
    const y = Math.floor(pixel / side) % photo.height;
    data[i] = photo.data[(y * photo.width + x) * 3 + (i % 3)] ?? 0;
  }
  return { data, width: side, height: side, channels: 3 };
}
