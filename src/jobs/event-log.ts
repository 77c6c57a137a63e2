import type { JobState } from '../domain/job-state.js';
import { monotonicMs } from '../host/clock.js';
import type { JobEvent } from './job.js';

/** Events of progress that are kept for clients that come back; each is a full picture, so few are enough. */
const KEPT_PROGRESS_EVENTS = 32;
/** Closer changes of progress replace one another. */
const PROGRESS_INTERVAL_MS = 100;

/** The events of one job: every change of state, and the latest progress. */
export class EventLog {
  #events: JobEvent[] = [];
  #lastId: number;

  /** @param lastId the last id given before a restart. */
  constructor(lastId = 0) {
    this.#lastId = lastId;
  }

  get lastId(): number {
    return this.#lastId;
  }

  add(state: JobState, progress: JobEvent['progress'], position: JobEvent['position']): void {
    const atMs = monotonicMs();
    const previous = this.#events.at(-1);
    const before = this.#events.at(-2);
    const sameKind = previous?.state === state && before?.state === state;
    if (previous !== undefined && sameKind && atMs - before.atMs < PROGRESS_INTERVAL_MS) this.#events.pop();
    // Milliseconds rise across restarts too, without a counter on disk.
    this.#lastId = Math.max(this.#lastId + 1, Date.now());
    this.#events.push({ id: this.#lastId, atMs, state, progress, position });
    const ofProgress = this.#events.filter((event, index) => this.#events[index - 1]?.state === event.state);
    if (ofProgress.length > KEPT_PROGRESS_EVENTS) {
      this.#events = this.#events.filter((event) => event !== ofProgress[0]);
    }
  }

  after(id: number): readonly JobEvent[] {
    return this.#events.filter((event) => event.id > id);
  }
}
