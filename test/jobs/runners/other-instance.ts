import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LocalJobs } from '../../../src/jobs/local-jobs.js';
import { config, HeldEngine, request, SILENT } from '../rig.js';

/**
 * Another instance of the service on the folder in its argument, with a job in its engine; a second argument makes that a
 * durable one, with an idempotency key. It tells the job's folder and waits to be killed.
 */
const [folder = '', durable] = process.argv.slice(2);
const engine = new HeldEngine();
const jobs = await LocalJobs.open(config(folder), engine, SILENT);
const reservation = await jobs.reserve(10);
await writeFile(reservation.sourcePath, 'ten bytes!');
if (durable === undefined) jobs.submit(reservation, request());
else
  await jobs.submitDurable([
    { reservation, request: request(), durable: { owner: 'me', idempotencyKey: durable } },
  ]);
const { task } = await engine.runOf(reservation);
process.send?.(dirname(task.sourcePath));
// Held open by the channel to the test.
process.on('message', () => {});
