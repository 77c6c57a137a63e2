import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { preferAsVictim } from '../victim.js';
import type { ExamineOrder, ExamineReply } from './examine.js';
import { messageOf } from './failure.js';
import { inspectModel } from './inspect-model.js';
import type { ModelEntry } from './manifest.js';
import { probeModel } from './probe-model.js';

/** Entry of the process that runs a network of unknown origin: one message, and it is ended by its parent. */
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
const order = JSON.parse(process.argv[2] ?? '') as ExamineOrder;
new Worker(new URL('./examine-watch.js', import.meta.url), {
  workerData: order.parent,
  execArgv: [],
}).unref();
preferAsVictim(1000);

async function examine({ candidate, folder, output }: ExamineOrder): Promise<ModelEntry> {
  const { scale, fixed, trial, ...declared } = await inspectModel(
    await readFile(join(folder, candidate.file)),
    output,
  );
  const entry: ModelEntry = {
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
  return probeModel(entry, folder);
}

const reply: ExamineReply = await examine(order).then(
  (entry) => ({ entry }),
  (error: unknown) => ({ unfit: messageOf(error) }),
);
process.send?.(reply);
