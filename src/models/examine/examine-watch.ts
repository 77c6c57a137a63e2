import { workerData } from 'node:worker_threads';

/**
 * Entry of the thread that ends the examining process when the one that started it has gone: the network may compute for ever, and blocks
 * the event loop that would hear of it.
 */
const parent = workerData as number;
const LOOK_EVERY_MS = 500;

setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
}, LOOK_EVERY_MS);
