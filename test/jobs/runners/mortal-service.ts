import { readFileSync, writeFileSync } from 'node:fs';
import type { UpscaleResult, UpscaleTask } from '../../../src/domain/types.js';
import type { RunHooks } from '../../../src/engine/engine.js';
import { LocalJobs } from '../../../src/jobs/local-jobs.js';
import { config, HeldEngine, request, SILENT } from '../rig.js';

/** What a job's source says it does to the service. */
export type Deed = 'waits' | 'ends well' | 'kills';

/** What the service tells its test: the jobs that are at work, and whether there is nothing left to do. */
export interface Told {
  readonly atWork: readonly string[];
  readonly idle: boolean;
}

/** Dies with the whole process of a job that kills; ends the others, or lets them wait for the death of the service. */
class MortalEngine extends HeldEngine {
  override run(task: UpscaleTask, hooks: RunHooks): Promise<UpscaleResult> {
    const deed = readFileSync(task.sourcePath, 'utf8');
    if (deed === 'kills') process.kill(process.pid, 'SIGKILL');
    const result = super.run(task, hooks);
    if (deed === 'ends well') void this.runOf(task).then((run) => run.succeed());
    tell();
    return result;
  }
}

/** The service without HTTP on the folder in its first argument, with a new durable job for each deed that follows. */
const [folder = '', ...deeds] = process.argv.slice(2);
const engine = new MortalEngine();
/** Not there yet while those of a life before begin. */
let opened: LocalJobs | undefined;
const jobs = await LocalJobs.open(config(folder), engine, SILENT);
opened = jobs;
const options = { maxFiles: Math.max(1, deeds.length), durable: true };
const first = await jobs.reserve(1000, options);
const reservations = [first];
while (reservations.length < deeds.length) reservations.push(await first.another());
if (deeds.length === 0) await first.release();
else {
  const files = reservations.map((reservation, index) => {
    const deed = deeds[index] ?? '';
    writeFileSync(reservation.sourcePath, deed);
    return { reservation, request: { ...request(), sourceBytes: deed.length }, durable: { owner: '' } };
  });
  await jobs.submitDurable(files);
}
setInterval(tell, 20);

function tell(): void {
  const status = opened?.status();
  const told: Told = {
    atWork: engine.runs.map(({ task }) => task.id),
    idle: status !== undefined && status.running + status.queued === 0,
  };
  process.send?.(told);
}
