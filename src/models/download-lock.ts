import { open, rm, stat, utimes } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../clock.js';

/** The holder says that it lives this often. */
const BEAT_MS = 2000;
/**
 * A lock that nobody touched for this long belongs to a process that died, unless it is touched while one looks on: then the clock was
 * set ahead.
 */
const STALE_MS = 15_000;
const LOOK_ON_MS = 2 * BEAT_MS;
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
  const watch = new Watch(path);
  for (;;) {
    signal.throwIfAborted();
    if (await create(path)) return kept(path);
    if (await watch.seesStale()) await rm(path, { force: true });
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

/** Somebody else's lock, looked at again and again. */
class Watch {
  #touchedMs: number | undefined;
  /** By `monotonicMs`: since when it has looked the same. */
  #sameSinceMs = 0;

  constructor(private readonly path: string) {}

  async seesStale(): Promise<boolean> {
    let touchedMs: number;
    try {
      touchedMs = (await stat(this.path)).mtimeMs;
    } catch {
      // Gone: free to be taken.
      return false;
    }
    if (touchedMs !== this.#touchedMs) {
      this.#touchedMs = touchedMs;
      this.#sameSinceMs = monotonicMs();
    }
    return Date.now() - touchedMs > STALE_MS && monotonicMs() - this.#sameSinceMs > LOOK_ON_MS;
  }
}
