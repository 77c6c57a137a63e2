import type { JobCost } from '../../cost/job-cost.js';

export interface AdmissionLimits {
  readonly maxRunning: number;
  /** Of all running jobs together; a single job may always run. */
  readonly memoryBytes: number;
}

/** A job in the queue, or at work. */
export interface QueuedJob {
  readonly cost: JobCost;
  /** Nothing may run beside it. */
  readonly alone: boolean;
  /** How many later jobs have started before it. */
  overtaken: number;
}

/** Up to this an image is small: it is done in a second or so, and may take the last slot. */
const SMALL_PIXELS = 1_000_000;
/** After this many later jobs, a job that does not fit lets no other start: room is being made for it. */
const MAX_OVERTAKES = 64;

/**
 * Which queued job starts next: the first one, with two exceptions. A job that does not fit into the memory beside the running ones, or that
 * must be alone, lets up to `MAX_OVERTAKES` later ones start. Of several slots the last one is for small images, so that none waits
 * behind large ones alone.
 * @param diskBytes what is left of the disk budget. @returns undefined when none can start now.
 */
export function nextToStart<J extends QueuedJob>(
  queue: readonly J[],
  running: readonly Pick<QueuedJob, 'cost' | 'alone'>[],
  diskBytes: number,
  limits: AdmissionLimits,
): J | undefined {
  if (running.length >= limits.maxRunning || running.some(({ alone }) => alone)) return undefined;
  const idle = running.length === 0;
  const usedBytes = running.reduce((sum, { cost }) => sum + cost.memoryBytes, 0);
  const large = running.filter(({ cost }) => cost.pixels > SMALL_PIXELS).length;
  const largeSlots = Math.max(1, limits.maxRunning - 1);
  for (const [place, job] of queue.entries()) {
    const { memoryBytes, diskBytes: scratchBytes, pixels } = job.cost;
    const fits =
      idle || (!job.alone && usedBytes + memoryBytes <= limits.memoryBytes && scratchBytes <= diskBytes);
    if (fits && (idle || pixels <= SMALL_PIXELS || large < largeSlots)) {
      for (const earlier of queue.slice(0, place)) earlier.overtaken++;
      return job;
    }
    if (!fits && job.overtaken >= MAX_OVERTAKES) return undefined;
  }
  return undefined;
}
