import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { TesseraError } from '../../domain/errors.js';
import type { Job } from '../../jobs/job.js';
import { ownerOf } from '../access/auth.js';
import type { HttpContext, RouteApp, UploadContext } from '../context.js';
import { jobEvents } from '../jobs/job-events.js';
import { replyWithResult } from '../jobs/job-result.js';
import { jobView } from '../jobs/job-view.js';
import { readerLimits } from '../jobs/slow-reader.js';
import { submitJobs } from '../jobs/submit-job.js';
import type { Metrics } from '../observe/metrics.js';
import {
  createJobsSchema,
  deleteJobSchema,
  jobEventsSchema,
  jobResultSchema,
  readJobSchema,
} from '../schemas/jobs.js';

/** The most files of one `POST /jobs`, if the queue has so many places. */
const MAX_FILES = 32;

/** The connection of a reader of events that takes no byte for this long is closed. */
const IDLE_READER_MS = 120_000;

/** `/jobs`: upscales that outlive their request. */
export function registerJobs(app: RouteApp, context: UploadContext, metrics: Metrics): void {
  const { jobs, config } = context;
  const { maxRunning, maxQueued } = jobs.status();
  // All files of a request become jobs at once, so a request with more files than there are places would never fit.
  const maxFiles = Math.min(MAX_FILES, maxRunning + maxQueued, config.MAX_KEPT_JOBS);
  const closing = new AbortController();
  // Event streams would hold the server open as long as their jobs run; their clients reconnect.
  app.addHook('preClose', async () => closing.abort());

  app.post('/jobs', {
    schema: createJobsSchema(config, maxFiles),
    validatorCompiler: () => () => true,
    handler: (request, reply) => submitJobs(request, reply, context, metrics, maxFiles),
  });

  app.get('/jobs/:id', {
    schema: readJobSchema,
    handler: (request, reply) => {
      const job = findJob(request, request.params.id, context);
      reply.header('cache-control', 'no-store').send(jobView(job));
    },
  });

  app.get('/jobs/:id/events', {
    schema: jobEventsSchema,
    exposeHeadRoute: false,
    handler: (request, reply) => {
      const job = findJob(request, request.params.id, context);
      const left = new AbortController();
      reply.raw.once('close', () => left.abort());
      reply.raw.setTimeout(IDLE_READER_MS, () => reply.raw.destroy());
      const signal = AbortSignal.any([closing.signal, left.signal]);
      return reply
        .type('text/event-stream')
        .header('cache-control', 'no-store')
        .header('x-accel-buffering', 'no')
        .send(Readable.from(jobEvents(job, lastEventId(request), signal)));
    },
  });

  app.get('/jobs/:id/result', {
    schema: jobResultSchema,
    handler: (request, reply) =>
      replyWithResult(request, reply, findJob(request, request.params.id, context), readerLimits(config)),
  });

  app.delete('/jobs/:id', {
    schema: deleteJobSchema,
    handler: async (request, reply) => {
      const { id } = findJob(request, request.params.id, context);
      await jobs.remove(id, ownerOf(request, config));
      return reply.code(204).send();
    },
  });
}

/** @throws TesseraError not_found; the job of another owner gets the same error, which does not reveal that it exists. */
function findJob(request: FastifyRequest, id: string, { jobs, config }: HttpContext): Job {
  const job = jobs.find(id, ownerOf(request, config));
  if (job === undefined)
    throw new TesseraError('not_found', 'There is no such job; it may have expired or been removed.');
  return job;
}

/** An invalid `Last-Event-ID` is ignored. */
function lastEventId({ headers }: FastifyRequest): number | undefined {
  const given = headers['last-event-id'];
  return typeof given === 'string' && /^\d{1,15}$/.test(given) ? Number(given) : undefined;
}
