import { defined } from '../../domain/defined.js';
import { MEDIA_TYPES } from '../../domain/download-name.js';
import type { TesseraError } from '../../domain/errors.js';
import type { Job, JobEvent } from '../../jobs/job.js';
import { problemOf } from '../errors/problem.js';
import type { JobView } from '../schemas/job.js';
import { resultName } from './image-reply.js';

/** The job that the stop of the service interrupted runs again after the start; until then it counts as queued. */
const WAITING = { state: 'queued', progress: undefined, position: undefined } as const;

/** A job for `GET /jobs/{id}` and for its events. @param at its state at an earlier event; default: now. */
export function jobView(job: Job, at?: Pick<JobEvent, 'state' | 'progress' | 'position'>): JobView {
  const { id, request, error, expiresAtMs } = job;
  const { width, height, format } = request.header;
  const { state, progress, position } = at ?? (waitsForRestart(job) ? WAITING : job);
  const isCurrent = state === job.state;
  return {
    id,
    state,
    source: { width, height, format, bytes: request.sourceBytes },
    createdAt: new Date(job.createdAtMs).toISOString(),
    attempts: job.attempts,
    ...defined({
      fileName: request.fileName,
      expiresAt: expiresAtMs === undefined ? undefined : new Date(expiresAtMs).toISOString(),
      position,
      progress,
      result: isCurrent ? resultView(job) : undefined,
      error: isCurrent && error !== undefined ? errorView(error, id) : undefined,
    }),
  };
}

/** Whether the job ended only because the service stops: the next start runs it again. */
export function waitsForRestart(job: Job): boolean {
  return job.error?.code === 'shutting_down';
}

function resultView(job: Job): JobView['result'] | undefined {
  const { id, result, endedAtMs, request } = job;
  if (result === undefined) return undefined;
  const {
    format,
    bytes,
    width,
    height,
    scale,
    model,
    provider,
    tiles,
    fallback,
    droppedPages,
    notKept,
    steps,
  } = result;
  return {
    href: `/jobs/${id}/result`,
    fileName: resultName(job, result),
    mediaType: MEDIA_TYPES[format],
    format,
    bytes,
    width,
    height,
    scale,
    model,
    tiles,
    fallback,
    milliseconds: (endedAtMs ?? Date.now()) - request.uploadedAtMs,
    ...defined({ provider, notKept, steps, droppedPages: droppedPages === 0 ? undefined : droppedPages }),
  };
}

function errorView(error: TesseraError, id: string): NonNullable<JobView['error']> {
  const {
    type,
    title,
    status,
    code,
    retry,
    detail,
    estimated_seconds: estimatedSeconds,
  } = problemOf(error, id);
  return { type, title, status, code, retry, detail, ...defined({ estimatedSeconds }) };
}
