import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../../host/clock.js';

/** The holder says that it lives this often. */
const BEAT_MS = 2000;
/**
 * A lock that nobody touched for this long belongs to a process that died, unless it is touched while one looks on: then the clock was
 * set ahead. Where the holder's process can be seen to have ended, nobody waits.
 */
const STALE_MS = 15_000;
const LOOK_ON_MS = 2 * BEAT_MS;
const LOOK_AGAIN_MS = 250;

export interface Lock {
  /** false where somebody took it over, believing that this process had died: it was stopped, or its machine slept. */
  isHeld(): Promise<boolean>;
  release(): Promise<void>;
}

/**
 * Waits until this process alone holds the lock file, within this process too.
 * @throws the signal's reason, or the file system's error when the folder cannot be written.
 */
export function holdLock(path: string, signal: AbortSignal): Promise<Lock> {
  return hold(path, signal);
}

async function hold(path: string, signal: AbortSignal): Promise<HeldLock> {
  const watch = new Watch(path);
  for (;;) {
    signal.throwIfAborted();
    const owner = newOwner();
    if (await create(path, owner)) return new HeldLock(path, owner);
    const dead = await watch.deadHolding();
    const taken = dead === undefined ? undefined : await takeOver(path, dead, signal);
    if (taken !== undefined) return taken;
    if (dead === undefined) await sleep(LOOK_AGAIN_MS, undefined, { signal });
  }
}

/**
 * Follows an owner that died. Of all who find it dead one may, so the right to is a lock of its own, by the name of that holding; whoever
 * has it and dies is followed in the same way. The lock's file is there all the time: it is replaced by that of the right.
 */
async function takeOver(path: string, dead: string, signal: AbortSignal): Promise<HeldLock | undefined> {
  const right = await hold(`${path}.${dead}`, signal);
  if ((await holdingOf(path))?.name === dead) return right.moveTo(path);
  await right.release();
  return undefined;
}

async function create(path: string, owner: LockOwner): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    try {
      await file.writeFile(JSON.stringify(owner));
    } catch (error) {
      // A full disk: nobody holds it.
      await rm(path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

class HeldLock implements Lock {
  readonly #beat: NodeJS.Timeout;

  constructor(
    private path: string,
    private readonly owner: LockOwner,
  ) {
    this.#beat = setInterval(() => {
      const now = new Date();
      // A lock that was taken away is noticed by `isHeld`.
      utimes(this.path, now, now).catch(() => undefined);
    }, BEAT_MS);
    this.#beat.unref();
  }

  async moveTo(path: string): Promise<HeldLock> {
    await rename(this.path, path);
    this.path = path;
    return this;
  }

  async isHeld(): Promise<boolean> {
    return (await holdingOf(this.path))?.name === this.owner.token;
  }

  async release(): Promise<void> {
    clearInterval(this.#beat);
    if (await this.isHeld()) await rm(this.path, { force: true });
  }
}

/** One holding of a lock, as its file shows it. */
interface Holding {
  /** The owner's token; of a file without one, when it was made. */
  readonly name: string;
  readonly owner: LockOwner | undefined;
  readonly touchedMs: number;
}

/** @returns undefined where nobody holds it. */
async function holdingOf(path: string): Promise<Holding | undefined> {
  try {
    const owner = readOwner(await readFile(path, 'utf8'));
    const touchedMs = (await stat(path)).mtimeMs;
    return { name: owner?.token ?? String(Math.trunc(touchedMs)), owner, touchedMs };
  } catch {
    return undefined;
  }
}

/** Somebody else's lock, looked at again and again. */
class Watch {
  #touchedMs: number | undefined;
  /** By `monotonicMs`: since when it has looked the same. */
  #sameSinceMs = 0;

  constructor(private readonly path: string) {}

  /** @returns the name of the holding whose owner died; undefined while the owner may live, and where nobody holds the lock. */
  async deadHolding(): Promise<string | undefined> {
    const holding = await holdingOf(this.path);
    if (holding === undefined) return undefined;
    const { name, owner, touchedMs } = holding;
    if (owner !== undefined && hasEnded(owner)) return name;
    if (touchedMs !== this.#touchedMs) {
      this.#touchedMs = touchedMs;
      this.#sameSinceMs = monotonicMs();
    }
    const isSilent = Date.now() - touchedMs > STALE_MS && monotonicMs() - this.#sameSinceMs > LOOK_ON_MS;
    return isSilent ? name : undefined;
  }
}

/** Who holds a lock, as its file says. */
export interface LockOwner {
  /** Tells this holding from every other one. */
  readonly token: string;
  readonly pid: number;
  /** Where that process number means something. */
  readonly place: string;
}

/** @returns this process, about to hold a lock. */
export function newOwner(): LockOwner {
  return { token: randomBytes(4).toString('hex'), pid: process.pid, place: thisPlace() };
}

/** @returns the owner that a lock's text names; undefined where it names none, as while it is being written. */
export function readOwner(text: string): LockOwner | undefined {
  try {
    const owner: unknown = JSON.parse(text);
    return isOwner(owner) ? owner : undefined;
  } catch {
    return undefined;
  }
}

function isOwner(value: unknown): value is LockOwner {
  if (typeof value !== 'object' || value === null) return false;
  const { token, pid, place } = value as Partial<LockOwner>;
  // The token becomes a part of a file's name.
  return typeof token === 'string' && /^[0-9a-f]+$/.test(token) && typeof pid === 'number' && !!place;
}

/** Whether an owner's process has certainly ended. One of another machine or container may live, as far as can be seen from here. */
export function hasEnded({ pid, place }: LockOwner): boolean {
  if (place !== thisPlace()) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}

let place: string | undefined;

/** This boot and this namespace of process numbers, so that two containers on one folder are two places; elsewhere than on Linux the machine's name. */
function thisPlace(): string {
  try {
    place ??= `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}/${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    place ??= hostname();
  }
  return place;
}
