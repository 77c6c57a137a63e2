import { hasEnded } from '../../domain/job-state.js';
import type { Job, JobEvent } from '../../jobs/job.js';
import { jobView, waitsForRestart } from './job-view.js';

/** Interval of comments that keep a silent connection open through proxies. */
const HEARTBEAT_MS = 15_000;
/** Interval at which a running job repeats its progress. */
const PROGRESS_MS = 1000;

const HEARTBEAT = ': heartbeat\n\n';

/**
 * The server-sent events of a job until it ends or the signal is aborted: `state` with the whole job, `progress` with
 * its progress. A slow reader gets fewer events, never outdated ones.
 * @param afterId `Last-Event-ID` of a client that comes back; it gets what it missed.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export async function* jobEvents(
  job: Job,
  afterId: number | undefined,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const changes = new JobChanges(job, signal);
  let lastId = afterId ?? job.events().at(-1)?.id ?? 0;
  let told: JobEvent['state'] | undefined;
  try {
    if (afterId === undefined || job.events(afterId).length === 0) {
      yield stateEvent(lastId, job);
      told = job.state;
    }
    while (!signal.aborted) {
      const events = job.events(lastId);
      for (const event of events) {
        // A job that the stop of the service interrupted has not ended: the client comes back and finds it waiting.
        if (waitsForRestart(job)) return;
        lastId = event.id;
        const moved = event.state === 'running' && told === 'running' && event.progress !== undefined;
        // A slow reader has missed several progress events: the last one holds all of them.
        if (moved && event !== events.at(-1)) continue;
        yield moved ? progressEvent(event.id, event.progress) : stateEvent(event.id, job, event);
        told = event.state;
      }
      if (hasEnded(job) && job.events(lastId).length === 0) return;
      const running = job.state === 'running' && job.progress !== undefined;
      const changed = await changes.next(running ? PROGRESS_MS : HEARTBEAT_MS);
      if (changed || signal.aborted) continue;
      yield running && job.progress !== undefined ? progressEvent(lastId, job.progress) : HEARTBEAT;
    }
  } finally {
    changes.end();
  }
}

function stateEvent(id: number, job: Job, at?: JobEvent): string {
  return `id: ${id}\nevent: state\ndata: ${JSON.stringify(jobView(job, at))}\n\n`;
}

function progressEvent(id: number, progress: JobEvent['progress']): string {
  return `id: ${id}\nevent: progress\ndata: ${JSON.stringify(progress)}\n\n`;
}

/** The changes of a job as a promise. No change between two waits is lost. */
class JobChanges {
  private changed = false;
  private wake: () => void = () => undefined;
  private readonly unsubscribe: () => void;

  constructor(
    job: Job,
    private readonly signal: AbortSignal,
  ) {
    const note = () => {
      this.changed = true;
      this.wake();
    };
    this.unsubscribe = job.onChange(note);
    signal.addEventListener('abort', note, { once: true });
  }

  /** @returns whether the job changed within the time. */
  async next(timeoutMs: number): Promise<boolean> {
    if (!this.changed && !this.signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    const { changed } = this;
    this.changed = false;
    return changed;
  }

  end(): void {
    this.unsubscribe();
  }
}
