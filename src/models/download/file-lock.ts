import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../../host/clock.js';
import { systemName } from '../../host/processes.js';
import { systemCode } from '../../host/system-reason.js';

/** The owner touches its lock file this often. */
const TOUCH_MS = 2000;
/**
 * A lock file that was not touched for this long has no living owner. This is for owners on other machines and in other containers; an
 * owner on this machine is looked up by its process id.
 */
const STALE_MS = 15_000;
/** A stale lock is also watched for this long: the clock may have been set forward. */
const WATCH_MS = 2 * TOUCH_MS;
const POLL_MS = 250;

/** The content of a lock file. */
interface Owner {
  /** Distinguishes this lock from every other one; hexadecimal, because it becomes part of a file name. */
  readonly token: string;
  readonly pid: number;
  /** The machine or container in which `pid` is valid. */
  readonly place: string;
}

/**
 * Waits until the caller alone holds the lock file, within this process too.
 * @throws the signal's reason, or the file system's error when the folder cannot be written.
 */
export async function holdLock(path: string, signal: AbortSignal): Promise<Lock> {
  const watch = new Watch(path);
  for (;;) {
    signal.throwIfAborted();
    const owner = newOwner();
    if (await create(path, owner)) return new Lock(path, owner.token);
    const dead = await watch.deadToken();
    const taken = dead === undefined ? undefined : await takeOver(path, dead, signal);
    if (taken !== undefined) return taken;
    if (dead === undefined) await sleep(POLL_MS, undefined, { signal });
  }
}

/**
 * Takes over the lock of a dead owner. Only one process may, so it first holds a second lock, named by the dead owner's token. Then it
 * renames the second lock's file over the first: the first exists all the time. A process that dies in between is followed the same way.
 */
async function takeOver(path: string, dead: string, signal: AbortSignal): Promise<Lock | undefined> {
  const right = await holdLock(`${path}.${dead}`, signal);
  if ((await read(path))?.token === dead) return right.moveTo(path);
  await right.release();
  return undefined;
}

/** @returns false when the file exists. */
async function create(path: string, owner: Owner): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    try {
      await file.writeFile(JSON.stringify(owner));
    } catch (error) {
      // The disk is full: nobody holds the lock.
      await rm(path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

export class Lock {
  readonly #touch: NodeJS.Timeout;

  constructor(
    private path: string,
    private readonly token: string,
  ) {
    this.#touch = setInterval(() => {
      const now = new Date();
      utimes(this.path, now, now).catch(() => undefined); // `isHeld` notices a lost lock
    }, TOUCH_MS);
    this.#touch.unref();
  }

  async moveTo(path: string): Promise<Lock> {
    await rename(this.path, path);
    this.path = path;
    return this;
  }

  /** false: another process took the lock over, because this process, or its machine, was suspended. */
  async isHeld(): Promise<boolean> {
    return (await read(this.path))?.token === this.token;
  }

  async release(): Promise<void> {
    clearInterval(this.#touch);
    if (await this.isHeld()) await rm(this.path, { force: true });
  }
}

/** @returns undefined when there is no lock file; `owner` is undefined while the file is being written. */
async function read(path: string): Promise<{ token: string; owner?: Owner; touchedMs: number } | undefined> {
  try {
    const text = await readFile(path, 'utf8');
    const touchedMs = (await stat(path)).mtimeMs;
    const owner = ownerIn(text);
    return owner === undefined
      ? { token: String(Math.trunc(touchedMs)), touchedMs }
      : { token: owner.token, owner, touchedMs };
  } catch {
    return undefined;
  }
}

function ownerIn(text: string): Owner | undefined {
  try {
    const { token, pid, place } = JSON.parse(text) as Partial<Owner>;
    const isToken = typeof token === 'string' && /^[0-9a-f]+$/.test(token);
    return isToken && typeof pid === 'number' && place ? { token, pid, place } : undefined;
  } catch {
    return undefined;
  }
}

/** Another owner's lock, read again and again. */
class Watch {
  #touchedMs: number | undefined;
  /** When `#touchedMs` was first seen, by `monotonicMs`. */
  #sinceMs = 0;

  constructor(private readonly path: string) {}

  /** @returns the token of a lock whose owner is dead; undefined while the owner may live, and when there is no lock. */
  async deadToken(): Promise<string | undefined> {
    const lock = await read(this.path);
    if (lock === undefined) return undefined;
    if (lock.owner !== undefined && hasEnded(lock.owner)) return lock.token;
    if (lock.touchedMs !== this.#touchedMs) {
      this.#touchedMs = lock.touchedMs;
      this.#sinceMs = monotonicMs();
    }
    const isStale = Date.now() - lock.touchedMs > STALE_MS && monotonicMs() - this.#sinceMs > WATCH_MS;
    return isStale ? lock.token : undefined;
  }
}

/** @returns this process as the owner of a new lock. */
export function newOwner(): Owner {
  return { token: randomBytes(4).toString('hex'), pid: process.pid, place: systemName() };
}

/** Whether an owner's process has certainly ended; false for an owner on another machine or in another container. */
function hasEnded({ pid, place }: Owner): boolean {
  if (place !== systemName()) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return systemCode(error) === 'ESRCH';
  }
}
