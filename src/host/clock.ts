/**
 * Milliseconds of the system's monotonic clock: what deadlines, limits and expiry are counted by. No correction of the time of day moves
 * it, and it is the same in all processes of one boot (CLOCK_MONOTONIC on Linux), so that it may go to an engine; to a file it may not.
 * Epoch time is for what people see.
 */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
