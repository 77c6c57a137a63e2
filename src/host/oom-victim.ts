import { writeFileSync } from 'node:fs';

/**
 * Asks the kernel to kill this replaceable process, and not its parent, when memory runs out. Linux only.
 * @param score added to the kernel's own measure, of 1000 for all memory (proc(5), oom_score_adj); 1000 is killed
 * first.
 */
export function preferAsVictim(score: number): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', String(score));
  } catch {
    // Another system, or a sandbox without /proc: the kernel decides by itself.
  }
}
