import type { Static } from 'typebox';
import { MEDIA_TYPES } from '../../domain/download-name.js';
import type { TesseraError } from '../../domain/errors.js';
import type { Job, JobEvent } from '../../jobs/job.js';
import { problemOf } from '../errors/problem.js';
import type { JobSchema } from '../schemas/job.js';
import { resultName } from './image-reply.js';

export type JobView = Static<typeof JobSchema>;

/**
 * A job as the API shows it.
 * @param at state of an earlier event; the default is the present.
 */
export function jobView(job: Job, at?: Pick<JobEvent, 'state' | 'progress' | 'position'>): JobView {
  const { request } = job;
  const { width, height, format } = request.header;
  const state = at?.state ?? job.state;
  const { progress, position } = at ?? job;
  const stillSo = state === job.state;
  // An interrupted job runs again after the next start. For its owner it is queued.
  if (stillSo && waitsForRestart(job)) return { ...jobView(job, WAITING), attempts: job.attempts };
  return {
    id: job.id,
    state,
    ...(request.fileName === undefined ? {} : { fileName: request.fileName }),
    source: { width, height, format, bytes: request.sourceBytes },
    createdAt: new Date(job.createdAtMs).toISOString(),
    ...(job.expiresAtMs === undefined ? {} : { expiresAt: new Date(job.expiresAtMs).toISOString() }),
    ...(position === undefined ? {} : { position }),
    ...(progress === undefined ? {} : { progress }),
    attempts: job.attempts,
    ...(stillSo ? resultView(job) : {}),
    ...(stillSo && job.error !== undefined ? { error: errorView(job.error, job.id) } : {}),
  };
}

const WAITING = { state: 'queued', progress: undefined, position: undefined } as const;

/** Whether a job was interrupted by the stop of the service. It goes on after the next start. */
export function waitsForRestart(job: Job): boolean {
  return job.error?.code === 'shutting_down';
}

function resultView(job: Job): Pick<JobView, 'result'> {
  const { result, endedAtMs, request } = job;
  if (result === undefined) return {};
  const { format, bytes, width, height, scale, model, provider, tiles, fallback, droppedPages, notKept } =
    result;
  return {
    result: {
      href: `/jobs/${job.id}/result`,
      fileName: resultName(job, result),
      mediaType: MEDIA_TYPES[format],
      format,
      bytes,
      width,
      height,
      scale,
      model,
      ...(provider === undefined ? {} : { provider }),
      tiles,
      fallback,
      ...(droppedPages === 0 ? {} : { droppedPages }),
      ...(notKept === undefined ? {} : { notKept }),
      milliseconds: (endedAtMs ?? Date.now()) - request.uploadedAtMs,
    },
  };
}

function errorView(error: TesseraError, id: string): NonNullable<JobView['error']> {
  const { type, title, status, code, retry, detail, estimated_seconds } = problemOf(error, id);
  return {
    type,
    title,
    status,
    code,
    retry,
    detail,
    ...(estimated_seconds === undefined ? {} : { estimatedSeconds: estimated_seconds }),
  };
}
