/**
 * Milliseconds of the system's monotonic clock, for deadlines, limits and expiry. A change of the time of day does
 * not move it. It is the same in all processes of one boot (CLOCK_MONOTONIC on Linux), so it may be sent to an
 * engine, but not written to a file. Epoch time is for display.
 */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
