import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

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
