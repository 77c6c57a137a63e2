import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Supervisor } from '../../../src/engine/supervisor/supervisor.js';
import { runnerPath, SILENT, settings, TASK } from '../rig.js';

/** A server with a long job in its engine; it tells the engine's process id once the job is running, and waits to be killed. */
const folder = mkdtempSync(join(tmpdir(), 'tessera-doomed-'));
writeFileSync(join(folder, 'source'), JSON.stringify({ tiles: 1_000_000, tileMs: 5 }));
const supervisor = new Supervisor({
  engines: 1,
  launch: { runnerPath: runnerPath('scripted-runner'), environment: process.env },
  settings: settings(),
  silenceMs: 60_000,
  log: SILENT,
});
let told = false;
void supervisor.run(
  {
    ...TASK,
    id: 'endless',
    sourcePath: join(folder, 'source'),
    resultPath: join(folder, 'result'),
    workFolder: folder,
  },
  {
    signal: new AbortController().signal,
    onProgress: ({ tilesDone }) => {
      if (tilesDone < 2 || told) return;
      told = true;
      // From here on nothing on disk is needed: the test kills this process and has nothing to clean up.
      rmSync(folder, { recursive: true });
      process.send?.(supervisor.status().engines[0]?.pid);
    },
  },
);
