import { join } from 'node:path';
import { HeaderPool } from '../src/engine/headers/header-pool.js';
import { launchHeaderProcess } from '../src/engine/headers/launch.js';
import { packageRoot } from '../src/host/package-root.js';
import { readHeader } from '../src/pipeline/input/header.js';
import { restrictLoaders } from '../src/pipeline/input/loaders.js';
import { SILENT } from '../test/engine/rig.js';
import { limits } from '../test/pipeline/stage.js';

/** What it costs to read a header in a process of its own: `node build/bench/header-cost.js`, in turns with reading it in this process. */

const ROUNDS = 200;
const PHOTOS = ['otter.jpg', 'sign.jpg', 'spices.jpg'];

function median(numbers: readonly number[]): string {
  const sorted = [...numbers].sort((a, b) => a - b);
  return (sorted[Math.floor(sorted.length / 2)] ?? Number.NaN).toFixed(2);
}

async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

restrictLoaders(1);
const pool = new HeaderPool({
  processes: 2,
  limits,
  deadlineMs: 2000,
  log: SILENT,
  launch: () => launchHeaderProcess(process.env, limits.maxInputPixels),
});
console.log('photo: ms in this process, ms in a header process, medians');
for (const photo of PHOTOS) {
  const path = join(packageRoot(), 'bench/photos', photo);
  const here: number[] = [];
  const there: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    here.push(await milliseconds(() => readHeader(path, limits)));
    there.push(await milliseconds(() => pool.read(path)));
  }
  console.log(`${photo}: ${median(here)}, ${median(there)}`);
}
await pool.close();
