import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExamineOrder, ExamineReply } from './examine.js';
import { messageOf } from './failure.js';
import { inspectModel } from './inspect-model.js';
import type { ModelEntry } from './manifest.js';
import { probeModel } from './probe-model.js';

/** Entry of the process that runs a network of unknown origin: one message, and it is ended by its parent. */
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
try {
  // Should memory run out, the kernel is to take this process first. Linux only.
  writeFileSync('/proc/self/oom_score_adj', '1000');
} catch {
  // The kernel's own choice is left as it is.
}

async function examine({ candidate, folder }: ExamineOrder): Promise<ModelEntry> {
  const { scale, fixed, ...declared } = await inspectModel(await readFile(join(folder, candidate.file)));
  const entry: ModelEntry = {
    ...candidate,
    scale,
    ...declared,
    range: declared.dtype === 'uint8' ? 255 : 1,
    sizeRequirements: { minimum: 1, multipleOf: 1, ...(fixed === undefined ? {} : { fixed }) },
    overlapPx: 0,
  };
  return { ...entry, ...(await probeModel(entry, folder)) };
}

const reply: ExamineReply = await examine(JSON.parse(process.argv[2] ?? '') as ExamineOrder).then(
  (entry) => ({ entry }),
  (error: unknown) => ({ unfit: messageOf(error) }),
);
process.send?.(reply);
