import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { TesseraError } from '../../domain/errors.js';
import type { Job } from '../../jobs/job.js';
import { clientGone } from '../connection/client-gone.js';
import type { UploadContext } from '../context.js';
import { replyWithImage } from '../jobs/image-reply.js';
import { readerLimits } from '../jobs/slow-reader.js';
import { submitJobs, wantsJob } from '../jobs/submit-job.js';
import type { Metrics } from '../observe/metrics.js';
import { upscaleSchema } from '../schemas/upscale.js';
import { type ReceivedFiles, receiveFiles } from '../upload/receive-files.js';

/** `POST /upscale`: an image in, the larger image out, in one exchange. */
export function registerUpscale(app: FastifyInstance, context: UploadContext, metrics: Metrics): void {
  app.post('/upscale', {
    schema: upscaleSchema(context.config),
    // The schema only documents: the body streams past it, and options have their own parser.
    validatorCompiler: () => () => true,
    handler: async (request, reply) => {
      if (wantsJob(request)) return submitJobs(request, reply, context, metrics, 1);
      const received = await receiveFiles(request, reply, context, { maxFiles: 1, durable: false });
      if (received.options.dryRun) return replyWithPlan(received, reply, context);
      return replyWithUpscale(received, request, reply, context, metrics);
    },
  });
}

async function replyWithPlan(
  received: ReceivedFiles,
  reply: FastifyReply,
  context: UploadContext,
): Promise<FastifyReply> {
  try {
    const { header, options } = onlyImage(received).request;
    return reply.header('cache-control', 'no-store').send(await context.engine.plan({ header, options }));
  } finally {
    await received.release();
  }
}

async function replyWithUpscale(
  received: ReceivedFiles,
  request: FastifyRequest,
  reply: FastifyReply,
  context: UploadContext,
  metrics: Metrics,
): Promise<FastifyReply> {
  const gone = clientGone(reply);
  const job = await submit(received, context);
  metrics.observe(job);
  gone.addEventListener('abort', () => job.cancel(), { once: true });
  if (gone.aborted) job.cancel();
  try {
    const result = await job.settled;
    request.log.info(
      {
        model: result.model,
        provider: result.provider,
        fallback: result.fallback,
        attempts: result.attempts,
        width: result.width,
        height: result.height,
      },
      'upscaled',
    );
    return await replyWithImage(reply, job, result, readerLimits(context.config));
  } catch (error) {
    if (job.error !== undefined)
      request.log.info({ code: job.error.code, attempts: job.attempts }, 'not upscaled');
    await job.dispose();
    throw withWayOut(error, job.request.options.timeoutSeconds, context);
  }
}

/**
 * Adds to a missed deadline what the client can do. A second request succeeds once the present backlog is done: the
 * queue is empty then, and the measured speed leads to a lighter model. A job has the longest deadline by default.
 */
function withWayOut(thrown: unknown, timeoutSeconds: number, { jobs, config }: UploadContext): unknown {
  if (!(thrown instanceof TesseraError) || thrown.code !== 'deadline_exceeded') return thrown;
  const { message, details } = thrown;
  const longestSeconds = config.MAX_TIMEOUT_SECONDS;
  const asJob = timeoutSeconds < longestSeconds && (details.estimateSeconds ?? 0) <= longestSeconds;
  return thrown.with({
    message: asJob ? message.replace(/\.$/, ', or use POST /jobs.') : message,
    details: { retryAfterSeconds: Math.max(1, jobs.status().backlogSeconds), ...details },
  });
}

async function submit(received: ReceivedFiles, context: UploadContext): Promise<Job> {
  const { reservation, request } = onlyImage(received);
  try {
    return context.jobs.submit(reservation, request);
  } finally {
    await received.release();
  }
}

function onlyImage(received: ReceivedFiles): ReceivedFiles['images'][number] {
  const [image] = received.images;
  if (image === undefined) throw new Error('A request without an image was received');
  return image;
}
