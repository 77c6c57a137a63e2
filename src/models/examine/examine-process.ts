import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { preferAsVictim } from '../../host/oom-victim.js';
import { messageOf } from '../failure.js';
import type { ModelEntry } from '../manifest-entry.js';
import { warmUpTile } from '../onnx/warm-up.js';
import type { TileModel } from '../tile-model.js';
import type { Examined, ExamineOrder, ExamineReply } from './examine.js';
import { inspectModel } from './inspect-model.js';
import { probeModel } from './probe-model.js';
import { trialSide, withModel } from './trial.js';

/** The first takes longer: its memory is allocated. */
const MEASURED_TILES = 3;

/** Entry of the process that runs a network of unknown origin: one message, and it is ended by its parent. */
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
const order = JSON.parse(process.argv[2] ?? '') as ExamineOrder;
new Worker(new URL('./examine-watch.js', import.meta.url), {
  workerData: order.parent,
  execArgv: [],
}).unref();
preferAsVictim(1000);

async function examine({ candidate, folder, output }: ExamineOrder): Promise<Examined> {
  const { scale, fixed, trial, ...declared } = await inspectModel(
    await readFile(join(folder, candidate.file)),
    output,
  );
  const declaredEntry: ModelEntry = {
    ...candidate,
    scale,
    ...declared,
    // Until it is found.
    range: declared.dtype === 'uint8' ? 255 : 1,
    ...(declared.outputDtype === 'uint8' ? { outputRange: 255 as const } : {}),
    // Safe until more is known.
    sizeRequirements:
      fixed === undefined
        ? { minimum: trial[0], multipleOf: trial[0] }
        : { minimum: 1, multipleOf: 1, fixed },
    overlapPx: 0,
  };
  const entry = await probeModel(declaredEntry, folder);
  return { entry, microsecondsPerPixel: await withModel(entry, folder, speedOf) };
}

/** Microseconds per input pixel, of the fastest of a few tiles. */
async function speedOf(model: TileModel): Promise<number> {
  const { fixed, multipleOf } = model.entry.sizeRequirements;
  const [width, height] = fixed ?? [trialSide(multipleOf), trialSide(multipleOf)];
  const tile = warmUpTile(width, height);
  let fastestMs = Number.POSITIVE_INFINITY;
  for (let runs = 0; runs < MEASURED_TILES; runs++) {
    const startedMs = performance.now();
    await model.run(tile);
    fastestMs = Math.min(fastestMs, performance.now() - startedMs);
  }
  return (fastestMs * 1000) / (width * height);
}

const reply: ExamineReply = await examine(order).catch((error: unknown) => ({ unfit: messageOf(error) }));
process.send?.(reply);
