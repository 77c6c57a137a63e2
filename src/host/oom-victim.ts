import { writeFileSync } from 'node:fs';

/**
 * When memory runs out the kernel is to take this process, which can be replaced, and not the one that started it. Linux only.
 * @param score added to the kernel's own measure, of 1000 for all memory (proc(5), oom_score_adj); 1000 is to be taken first.
 */
export function preferAsVictim(score: number): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', String(score));
  } catch {
    // Another system, or a sandbox without /proc: the kernel's own choice is left as it is.
  }
}
