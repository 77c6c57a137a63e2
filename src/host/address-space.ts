import { readFileSync } from 'node:fs';

/**
 * Address space of a thread with JavaScript: V8 reserves 590 to 780 MB (measured on Node 20), besides what the thread
 * computes with. Where V8 cannot reserve it, it ends the whole process.
 */
const THREAD_BYTES = 1e9;
/** Address space that must stay free for the rest of the process: a picture on its way in and out. */
const REST_BYTES = 0.5e9;

/**
 * Whether the address space of this process (RLIMIT_AS, setrlimit(2)) has room for one more thread with JavaScript.
 * Only Linux tells; elsewhere it is assumed.
 * @param starting threads that were created and have not reserved theirs yet.
 */
export function hasRoomForThread(
  starting = 0,
  readText: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): boolean {
  try {
    const limit = /^Max address space\s+(\d+)/m.exec(readText('/proc/self/limits'))?.[1];
    if (limit === undefined) return true;
    const usedKb = /^VmSize:\s+(\d+) kB/m.exec(readText('/proc/self/status'))?.[1] ?? 0;
    return Number(limit) - Number(usedKb) * 1024 >= (starting + 1) * THREAD_BYTES + REST_BYTES;
  } catch {
    return true;
  }
}
