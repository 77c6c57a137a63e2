/** What a job takes from the machine while it runs. */
export interface JobCost {
  readonly memoryBytes: number;
  /** Beyond its source: scratch and result. */
  readonly diskBytes: number;
  /** Input pixels. */
  readonly pixels: number;
}

export interface AdmissionLimits {
  readonly maxRunning: number;
  /** Together, but for a single job, which may always run. */
  readonly memoryBytes: number;
}

/** A job in the queue, or at work. */
export interface Candidate {
  readonly cost: JobCost;
  /** Nothing may run beside it. */
  readonly alone: boolean;
  /** How many later jobs have started before it. */
  overtaken: number;
}

/** Below this an image is small: it is done in a second or so, and never waits for the slots that large ones may take. */
const SMALL_PIXELS = 1_000_000;
/** After this many later jobs, a job that does not fit yet lets no other pass: room is being made for it. */
const MAX_OVERTAKES = 64;

/**
 * Which queued job starts next, first come first served but for two rules: a job that does not fit into the memory beside those that run
 * lets others pass, for a while, and so does one that must be alone; and of several slots the last one is for small images, so that
 * none waits behind large ones alone.
 * @param diskBytes what is left of the disk budget. @returns undefined when none can start now.
 */
export function nextToStart<C extends Candidate>(
  queue: readonly C[],
  running: readonly Pick<Candidate, 'cost' | 'alone'>[],
  diskBytes: number,
  limits: AdmissionLimits,
): C | undefined {
  if (running.length >= limits.maxRunning || running.some(({ alone }) => alone)) return undefined;
  const usedBytes = running.reduce((sum, { cost }) => sum + cost.memoryBytes, 0);
  const large = running.filter(({ cost }) => cost.pixels > SMALL_PIXELS).length;
  const largeSlots = Math.max(1, limits.maxRunning - 1);
  for (const [place, candidate] of queue.entries()) {
    const { cost } = candidate;
    const idle = running.length === 0;
    const fits =
      idle ||
      (!candidate.alone && usedBytes + cost.memoryBytes <= limits.memoryBytes && cost.diskBytes <= diskBytes);
    if (fits && (idle || cost.pixels <= SMALL_PIXELS || large < largeSlots)) {
      for (const earlier of queue.slice(0, place)) earlier.overtaken++;
      return candidate;
    }
    if (!fits && candidate.overtaken >= MAX_OVERTAKES) return undefined;
  }
  return undefined;
}
