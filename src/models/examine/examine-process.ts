import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { preferAsVictim } from '../../host/oom-victim.js';
import { messageOf } from '../failure.js';
import { measureSpeed } from '../onnx/warm-up.js';
import type { Examined, ExamineOrder, ExamineReply } from './examine.js';
import { inspectModel } from './inspect-model.js';
import { probeModel } from './probe-model.js';
import { withModel } from './trial.js';

/** Entry of the process that runs a network of unknown origin. It sends one message, and its parent ends it. */
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
const order = JSON.parse(process.argv[2] ?? '') as ExamineOrder;
new Worker(new URL('./examine-watch.js', import.meta.url), {
  workerData: order.parent,
  execArgv: [],
}).unref();
preferAsVictim(1000);

async function examine({ candidate, folder, output }: ExamineOrder): Promise<Examined> {
  const bytes = await readFile(join(folder, candidate.file));
  const { scale, fixed, trial, ...declared } = await inspectModel(bytes, output);
  const [side] = trial;
  // `probeModel` finds the ranges, the sizes and the overlap.
  const declaredEntry = {
    ...candidate,
    scale,
    ...declared,
    range: declared.dtype === 'uint8' ? (255 as const) : (1 as const),
    ...(declared.outputDtype === 'uint8' ? { outputRange: 255 as const } : {}),
    sizeRequirements:
      fixed === undefined ? { minimum: side, multipleOf: side } : { minimum: 1, multipleOf: 1, fixed },
    overlapPx: 0,
  };
  const entry = await probeModel(declaredEntry, folder);
  const { inputPixels, ms } = await withModel(entry, folder, measureSpeed);
  return { entry, microsecondsPerPixel: (ms * 1000) / inputPixels };
}

const reply: ExamineReply = await examine(order).catch((error: unknown) => ({ unfit: messageOf(error) }));
process.send?.(reply);
