import { hasEnded, type Job, pause } from '../client/jobs-api.js';
import { api } from './api.js';
import { readEvents } from './events.js';
import { retry } from './retry.js';
import { Slots } from './slots.js';

/** A browser opens at most six connections to one server: three event streams leave room for uploads and results. */
const streams = new Slots(3);
/** A stream without data for this long, heartbeats included, counts as broken. */
const SILENCE_MS = 45_000;
/** Between looks at a job without a stream of its own. */
const POLL_MS = 1_500;
/** A request without an answer for this long counts as lost. */
const ANSWER_MS = 15_000;
/** A cancelled job has stopped after this time, or is left to expire. */
const DISCARD_MS = 120_000;

/** Cancels a job and removes its result. Never rejects. */
export function discardJob(id: string): Promise<void> {
  return api.discard(id, POLL_MS, AbortSignal.timeout(DISCARD_MS));
}

/**
 * Follows a job until it ends: by its event stream, resumed by `Last-Event-ID` when it breaks, or by polling while all streams
 * are taken. Waits for a service that is out of reach. Yields the job whenever it changed; the last one has ended.
 * @param job as last known.
 * @param onConnection is told whether the service is in reach.
 * @throws Problem when the service no longer knows the job.
 */
export async function* followJob(
  job: Job,
  signal: AbortSignal,
  onConnection: (connected: boolean) => void,
): AsyncGenerator<Job, void, void> {
  const place: Place = { lastEventId: undefined };
  let current = job;
  while (!hasEnded(current)) {
    if (streams.tryTake()) {
      try {
        for await (const next of streamOf(current, place, signal)) {
          current = next;
          onConnection(true);
          yield current;
        }
      } catch {
        // The request below finds out why the stream broke.
        signal.throwIfAborted();
      } finally {
        streams.release();
      }
      if (hasEnded(current)) return;
    }
    // Without a stream, or after a stream that ended before the job: its last event may be lost.
    const look = () => api.job(job.id, AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]));
    current = await retry(look, signal, onConnection);
    yield current;
    if (!hasEnded(current)) await pause(POLL_MS, signal);
  }
}

/** The last event that was read; a new stream resumes behind it. */
interface Place {
  lastEventId: string | undefined;
}

/** @param place is updated with each event. */
async function* streamOf(job: Job, place: Place, signal: AbortSignal): AsyncGenerator<Job, void, void> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  const onActivity = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), SILENCE_MS);
  };
  let current = job;
  try {
    const { body } = await api.request(`jobs/${job.id}/events`, {
      headers: {
        accept: 'text/event-stream',
        ...(place.lastEventId === undefined ? {} : { 'last-event-id': place.lastEventId }),
      },
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (body === null) return;
    for await (const { event, data, id } of readEvents(body, onActivity)) {
      if (id !== undefined) place.lastEventId = id;
      if (event === 'state') current = JSON.parse(data);
      else if (event === 'progress') current = { ...current, state: 'running', progress: JSON.parse(data) };
      else continue;
      yield current;
    }
  } finally {
    clearTimeout(timer);
  }
}
