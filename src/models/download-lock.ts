import { open, rm, stat, utimes } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** The holder says that it lives this often. */
const BEAT_MS = 2000;
/** A lock that nobody touched for this long belongs to a process that died. */
const STALE_MS = 15_000;
const LOOK_AGAIN_MS = 250;

export interface Lock {
  release(): Promise<void>;
}

/**
 * Waits until this process alone holds the lock file. Two processes that find the same dead lock may, in an unlucky moment, both
 * think that they hold it: what they guard must be checked before it is used, as a download is by its sha256.
 * @throws the signal's reason, or the file system's error when the folder cannot be written.
 */
export async function holdLock(path: string, signal: AbortSignal): Promise<Lock> {
  for (;;) {
    signal.throwIfAborted();
    if (await create(path)) return kept(path);
    if (await isStale(path)) await rm(path, { force: true });
    else await sleep(LOOK_AGAIN_MS, undefined, { signal });
  }
}

async function create(path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx')).close();
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function kept(path: string): Lock {
  const beat = setInterval(() => {
    const now = new Date();
    // A lock that was taken away is noticed by the checks of what it guards.
    utimes(path, now, now).catch(() => undefined);
  }, BEAT_MS);
  beat.unref();
  return {
    release: async () => {
      clearInterval(beat);
      await rm(path, { force: true });
    },
  };
}

async function isStale(path: string): Promise<boolean> {
  try {
    return Date.now() - (await stat(path)).mtimeMs > STALE_MS;
  } catch {
    // Gone: free to be taken.
    return false;
  }
}
