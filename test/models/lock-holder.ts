import { holdLock } from '../../src/models/download/file-lock.js';

/** A process that holds a lock file until it is told to release it, or is killed. */
const lock = await holdLock(process.argv[2] ?? '', new AbortController().signal);
process.once('message', async () => {
  await lock.release();
  process.disconnect();
});
process.send?.('held');
