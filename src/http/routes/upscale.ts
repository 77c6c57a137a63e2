import type { FastifyReply, FastifyRequest } from 'fastify';
import { TesseraError } from '../../domain/errors.js';
import { clientGone } from '../connection/client-gone.js';
import type { RouteApp, UploadContext } from '../context.js';
import { replyWithImage } from '../jobs/image-reply.js';
import { readerLimits } from '../jobs/slow-reader.js';
import { submitJobs, wantsJob } from '../jobs/submit-job.js';
import type { Metrics } from '../observe/metrics.js';
import type { Plan } from '../schemas/plan.js';
import { upscaleSchema } from '../schemas/upscale.js';
import { type ReceivedUpload, receiveUpload } from '../upload/receive-upload.js';

/** `POST /upscale`: an image in, the larger image out, in one exchange. */
export function registerUpscale(app: RouteApp, context: UploadContext, metrics: Metrics): void {
  app.post('/upscale', {
    schema: upscaleSchema(context.config),
    // The body streams past the schema, and options have their own parser.
    validatorCompiler: () => () => true,
    handler: async (request, reply) => {
      if (wantsJob(request)) return submitJobs(request, reply, context, metrics, 1);
      const upload = await receiveUpload(request, reply, context, { maxFiles: 1, durable: false });
      if (upload.options.dryRun) return planOf(upload, reply, context);
      return replyWithUpscale(upload, request, reply, context, metrics);
    },
  });
}

async function planOf(upload: ReceivedUpload, reply: FastifyReply, { engine }: UploadContext): Promise<Plan> {
  try {
    const { header, options } = onlyImage(upload).request;
    reply.header('cache-control', 'no-store');
    return await engine.plan({ header, options });
  } finally {
    await upload.release();
  }
}

async function replyWithUpscale(
  upload: ReceivedUpload,
  request: FastifyRequest,
  reply: FastifyReply,
  context: UploadContext,
  metrics: Metrics,
): Promise<FastifyReply> {
  const gone = clientGone(reply);
  const job = await submit(upload, context);
  metrics.observe(job);
  gone.addEventListener('abort', () => job.cancel(), { once: true });
  if (gone.aborted) job.cancel();
  try {
    const result = await job.settled;
    const { model, provider, fallback, attempts, width, height } = result;
    request.log.info({ model, provider, fallback, attempts, width, height }, 'upscaled');
    return await replyWithImage(reply, job, result, readerLimits(context.config));
  } catch (error) {
    if (job.error !== undefined)
      request.log.info({ code: job.error.code, attempts: job.attempts }, 'not upscaled');
    await job.dispose();
    throw withAdvice(error, job.request.options.timeoutSeconds, context);
  }
}

/**
 * Adds advice to `deadline_exceeded`. A second try may succeed when the present work is done: the queue is empty then, and the
 * speed is known, so that a lighter model is chosen. Jobs have the longest deadline by default.
 */
function withAdvice(thrown: unknown, timeoutSeconds: number, { jobs, config }: UploadContext): unknown {
  if (!(thrown instanceof TesseraError) || thrown.code !== 'deadline_exceeded') return thrown;
  const { message, details } = thrown;
  const maxSeconds = config.MAX_TIMEOUT_SECONDS;
  const asJob = timeoutSeconds < maxSeconds && (details.estimateSeconds ?? 0) <= maxSeconds;
  return thrown.with({
    message: asJob ? message.replace(/\.$/, ', or use POST /jobs.') : message,
    details: { retryAfterSeconds: Math.max(1, jobs.status().backlogSeconds), ...details },
  });
}

async function submit(upload: ReceivedUpload, { jobs }: UploadContext) {
  const { reservation, request } = onlyImage(upload);
  try {
    return jobs.submit(reservation, request);
  } finally {
    await upload.release();
  }
}

function onlyImage({ images: [image] }: ReceivedUpload): ReceivedUpload['images'][number] {
  if (image === undefined) throw new Error('An upload without an image');
  return image;
}
