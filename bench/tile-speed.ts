import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../src/host/package-root.js';
import { loadManifest } from '../src/models/manifest.js';
import { openModel } from '../src/models/onnx/session.js';
import { warmUpTile } from '../src/models/onnx/warm-up.js';
import type { TileModel } from '../src/models/tile-model.js';
import { fileState } from '../src/models/verify.js';

/**
 * Measures microseconds per input pixel and memory of every installed model on the CPU, by tile size, for the table of docs/models.md.
 *   node build/bench/tile-speed.js [models folder] [threads]
 * Each model runs in its own process. The time is that of the fastest run and includes the conversion of samples.
 */
const SIDES = [64, 128, 256, 512];
/** Runs per size: enough to find a quiet moment of a shared machine. */
const MAX_RUNS = 40;
const MAX_MS = 4000;

const [folder = join(packageRoot(), 'models'), threads = String(Math.min(2, availableParallelism())), only] =
  process.argv.slice(2);

if (only === undefined) await measureAll();
else await measureOne(only);

async function measureAll(): Promise<void> {
  console.log(`| model | ${SIDES.map((side) => `${side}²`).join(' | ')} | memory at ${SIDES.at(-1)}² |`);
  console.log(`|${' --- |'.repeat(SIDES.length + 2)}`);
  for (const entry of await loadManifest(folder)) {
    if ((await fileState(entry, folder, 'size')) !== 'intact') continue;
    const child = fork(fileURLToPath(import.meta.url), [folder, threads, entry.name]);
    await new Promise((resolve) => child.once('exit', resolve));
  }
}

async function measureOne(name: string): Promise<void> {
  const entry = (await loadManifest(folder)).find((each) => each.name === name);
  if (entry === undefined) throw new Error(`There is no model ${name}.`);
  const before = anonymousMegabytes();
  const model = await openModel(entry, folder, 'cpu', { threads: Number(threads) });
  const cells = await speeds(model);
  console.log(`| \`${name}\` | ${cells.join(' | ')} | ${anonymousMegabytes() - before} MB |`);
  await model.release();
}

async function speeds(model: TileModel): Promise<string[]> {
  const cells: string[] = [];
  for (const side of SIDES) {
    const tile = warmUpTile(side, side);
    await model.run(tile);
    let best = Number.POSITIVE_INFINITY;
    const startedMs = performance.now();
    for (let run = 0; run < MAX_RUNS && performance.now() - startedMs < MAX_MS; run++) {
      const runMs = performance.now();
      await model.run(tile);
      best = Math.min(best, performance.now() - runMs);
    }
    cells.push(((best * 1000) / (side * side)).toFixed(2));
  }
  return cells;
}

/** Resident memory of this process without mapped files. Linux only. */
function anonymousMegabytes(): number {
  const status = readFileSync('/proc/self/status', 'utf8');
  return Math.round(Number(/RssAnon:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1000);
}
