/** Loaded before a process's own code: its time of day is a day ahead of everyone else's, as after a jump of the clock. */
const DAY_MS = 86_400_000;
const now = Date.now;
Date.now = () => now() + DAY_MS;
