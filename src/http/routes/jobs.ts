import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { TesseraError } from '../../domain/errors.js';
import type { Job } from '../../jobs/job.js';
import { ownerOf } from '../access/auth.js';
import type { HttpContext, UploadContext } from '../context.js';
import { jobEvents } from '../jobs/job-events.js';
import { replyWithResult } from '../jobs/job-result.js';
import { jobView } from '../jobs/job-view.js';
import { cutOffIdleReader, readerLimits } from '../jobs/slow-reader.js';
import { submitJobs } from '../jobs/submit-job.js';
import type { Metrics } from '../observe/metrics.js';
import {
  createJobsSchema,
  deleteJobSchema,
  jobEventsSchema,
  jobResultSchema,
  readJobSchema,
} from '../schemas/jobs.js';

/** Limit of files in one `POST /jobs`, if the queue has so many places. */
const MAX_FILES = 32;

/** `/jobs`: upscales that outlive their request. */
export function registerJobs(app: FastifyInstance, context: UploadContext, metrics: Metrics): void {
  const { jobs, config } = context;
  const { maxRunning, maxQueued } = jobs.status();
  // All files of a request become jobs at once, so more files than places never fit.
  const maxFiles = Math.min(MAX_FILES, maxRunning + maxQueued, config.MAX_KEPT_JOBS);
  const closing = new AbortController();
  // Event streams would keep the server open as long as their jobs run. Their clients come back.
  app.addHook('preClose', async () => closing.abort());

  app.post('/jobs', {
    schema: createJobsSchema(config, maxFiles),
    validatorCompiler: () => () => true,
    handler: (request, reply) => submitJobs(request, reply, context, metrics, maxFiles),
  });

  app.get('/jobs/:id', {
    schema: readJobSchema,
    handler: (request, reply) => {
      reply.header('cache-control', 'no-store').send(jobView(findJob(request, context)));
    },
  });

  app.get('/jobs/:id/events', {
    schema: jobEventsSchema,
    exposeHeadRoute: false,
    handler: (request, reply) => {
      const job = findJob(request, context);
      const left = new AbortController();
      reply.raw.once('close', () => left.abort());
      cutOffIdleReader(reply);
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
      replyWithResult(request, reply, findJob(request, context), readerLimits(config)),
  });

  app.delete('/jobs/:id', {
    schema: deleteJobSchema,
    handler: async (request, reply) => {
      const { id } = findJob(request, context);
      await jobs.remove(id, ownerOf(request, config));
      return reply.code(204).send();
    },
  });
}

/** @throws TesseraError not_found, with the same sentence for another owner's job, so nobody learns that it exists. */
function findJob(request: FastifyRequest, { jobs, config }: HttpContext): Job {
  const { id } = request.params as { id: string };
  const job = jobs.find(id, ownerOf(request, config));
  if (job === undefined) {
    throw new TesseraError('not_found', 'There is no such job; it may have expired or been removed.');
  }
  return job;
}

/** A malformed id counts as a first visit. */
function lastEventId(request: FastifyRequest): number | undefined {
  const given = request.headers['last-event-id'];
  return typeof given === 'string' && /^\d{1,15}$/.test(given) ? Number(given) : undefined;
}
