import { deleteJob, getJob, request } from './api.js';
import { readEvents } from './events.js';
import { retry } from './retry.js';
import { pause, Slots } from './slots.js';

/** @typedef {import('./api.js').Job} Job */

/** A browser opens six connections to one server at most: three for events leave room for uploads and results. */
const streams = new Slots(3);
/** Silence (not even a heartbeat) after which a stream counts as broken. */
const SILENCE_MS = 45_000;
/** Between looks at a job that has no stream of its own. */
const POLL_MS = 1_500;
/** Silence after which a question counts as lost. */
const ANSWER_MS = 15_000;
/** A job that was cancelled has stopped by then, or is left to expire. */
const FAREWELL_MS = 120_000;

/** @param {Job} job */
export function hasEnded(job) {
  return job.state === 'succeeded' || job.state === 'failed' || job.state === 'cancelled';
}

/**
 * Cancels a job and removes what it leaves. The service keeps a cancelled job, for whoever else follows it: so it is asked
 * for until it has stopped, and removed then. Tries what it can; what is left expires.
 * @param {string} id
 */
export async function discardJob(id) {
  const signal = AbortSignal.timeout(FAREWELL_MS);
  try {
    await deleteJob(id);
    while (!hasEnded(await getJob(id, signal))) await pause(POLL_MS, signal);
    await deleteJob(id);
  } catch {
    // Gone already, as wished; or out of reach.
  }
}

/**
 * Follows a job until it ends: by its event stream, taken up again by `Last-Event-ID` when it breaks, or by asking now and
 * then while all streams are taken. A service that is out of reach is waited for. Yields the job whenever something changed.
 * @param {Job} job as last known.
 * @param {AbortSignal} signal
 * @param {(connected: boolean) => void} onConnection told whether the service is in reach.
 * @returns {AsyncGenerator<Job, void, void>} the last one yielded has ended.
 * @throws {Problem} when the service no longer knows the job.
 */
export async function* followJob(job, signal, onConnection) {
  const place = /** @type {{ lastEventId: string | undefined }} */ ({ lastEventId: undefined });
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
        // Why it broke is told by the answer to the question that follows.
        signal.throwIfAborted();
      } finally {
        streams.release();
      }
      if (hasEnded(current)) return;
    }
    // No slot, or the stream ended early: ask, so that a lost last event is not waited for.
    const ask = () => getJob(job.id, AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]));
    current = await retry(ask, signal, onConnection);
    yield current;
    if (!hasEnded(current)) await pause(POLL_MS, signal);
  }
}

/**
 * @param {Job} job
 * @param {{ lastEventId: string | undefined }} place where to go on; updated.
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<Job, void, void>}
 */
async function* streamOf(job, place, signal) {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), SILENCE_MS);
  };
  let current = job;
  try {
    const response = await request(`jobs/${job.id}/events`, {
      headers: {
        accept: 'text/event-stream',
        ...(place.lastEventId === undefined ? {} : { 'last-event-id': place.lastEventId }),
      },
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (response.body === null) return;
    for await (const { event, data, id } of readEvents(response.body, heard)) {
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
