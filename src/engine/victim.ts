import { writeFileSync } from 'node:fs';

/** When memory runs out the kernel is to take this process, which the server replaces, and not the server. Linux only. */
export function preferAsVictim(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '500');
  } catch {
    // Another system, or a sandbox without /proc: the kernel's own choice is left as it is.
  }
}
