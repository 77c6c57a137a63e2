import type { JobState } from '../domain/job-state.js';
import { monotonicMs } from '../host/clock.js';
import type { JobEvent } from './job.js';

/** Each progress event is a complete snapshot, so a client that reconnects needs only a few. */
const MAX_PROGRESS_EVENTS = 32;
/** A progress event replaces the previous one when less time lies between them. */
const PROGRESS_INTERVAL_MS = 100;

/** The events of one job: every change of state, and the latest progress. */
export class EventLog {
  #events: JobEvent[] = [];

  /** @param lastId the id of the last event before a restart. */
  constructor(public lastId = 0) {}

  add(state: JobState, progress: JobEvent['progress'], position: JobEvent['position']): void {
    const atMs = monotonicMs();
    const [beforeLast, last] = this.#events.slice(-2);
    const isProgress = last?.state === state && beforeLast?.state === state;
    if (isProgress && atMs - beforeLast.atMs < PROGRESS_INTERVAL_MS) this.#events.pop();
    // Epoch milliseconds rise across restarts without a counter on disk.
    this.lastId = Math.max(this.lastId + 1, Date.now());
    this.#events.push({ id: this.lastId, atMs, state, progress, position });
    const ofProgress = this.#events.filter((event, index) => this.#events[index - 1]?.state === event.state);
    if (ofProgress.length > MAX_PROGRESS_EVENTS)
      this.#events = this.#events.filter((event) => event !== ofProgress[0]);
  }

  after(id: number): readonly JobEvent[] {
    return this.#events.filter((event) => event.id > id);
  }
}
