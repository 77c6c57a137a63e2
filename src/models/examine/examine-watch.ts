import { workerData } from 'node:worker_threads';

/**
 * Entry of the thread that ends the examining process after its parent died. The network may compute for ever and block the main thread, which
 * then does not get the event `disconnect`.
 */
const parent = workerData as number;
const POLL_MS = 500;

setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
}, POLL_MS);
