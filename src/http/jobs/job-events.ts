import { hasEnded } from '../../domain/job-state.js';
import { Changes } from '../../host/changes.js';
import type { Job, JobEvent } from '../../jobs/job.js';
import { jobView, waitsForRestart } from './job-view.js';

/** A comment after so much silence shows proxies and clients that the connection is alive. */
const HEARTBEAT_MS = 15_000;
/** The longest interval between two events of a running job. */
const PROGRESS_MS = 1000;

/**
 * The server-sent events of a job, until the job ends or the signal is aborted: `state` with the whole job, `progress` with its
 * progress. A slow reader gets fewer events, never outdated ones.
 * @param afterId `Last-Event-ID` of a client that reconnects: it gets the events after this one.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export async function* jobEvents(
  job: Job,
  afterId: number | undefined,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const changes = new Changes();
  const announce = () => changes.announce();
  const unsubscribe = job.onChange(announce);
  signal.addEventListener('abort', announce, { once: true });
  let lastId = afterId ?? job.events().at(-1)?.id ?? 0;
  let lastState: JobEvent['state'] | undefined;
  try {
    if (afterId === undefined || job.events(afterId).length === 0) {
      yield message(lastId, 'state', jobView(job));
      lastState = job.state;
    }
    while (!signal.aborted) {
      const events = job.events(lastId);
      for (const event of events) {
        // The stop of the service is not the end of the job: the client reconnects and finds it queued.
        if (waitsForRestart(job)) return;
        lastId = event.id;
        const isProgress = event.state === 'running' && lastState === 'running' && event.progress;
        // Only the last of several progress events that a slow reader has missed is of use.
        if (isProgress && event !== events.at(-1)) continue;
        yield isProgress
          ? message(event.id, 'progress', event.progress)
          : message(event.id, 'state', jobView(job, event));
        lastState = event.state;
      }
      const isBehind = () => job.events(lastId).length > 0;
      if (hasEnded(job) && !isBehind()) return;
      const hasProgress = () => job.state === 'running' && job.progress !== undefined;
      const limitMs = hasProgress() ? PROGRESS_MS : HEARTBEAT_MS;
      if (await changes.until(() => isBehind() || signal.aborted, limitMs)) continue;
      yield hasProgress() ? message(lastId, 'progress', job.progress) : ': heartbeat\n\n';
    }
  } finally {
    unsubscribe();
  }
}

function message(id: number, event: 'state' | 'progress', data: unknown): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
