import type { FastifyReply, FastifyRequest } from 'fastify';
import { TesseraError } from '../../domain/errors.js';
import { ownerOf } from '../access/owner.js';
import type { UploadContext } from '../context.js';
import type { Metrics } from '../observe/metrics.js';
import { receiveFiles } from '../upload/receive-files.js';
import { jobView } from './job-view.js';

/** Whether the client prefers a job to waiting (RFC 7240). */
export function wantsJob(request: FastifyRequest): boolean {
  const preferences = [request.headers.prefer ?? []].flat().join(',').split(',');
  return preferences.some(
    (preference) => preference.split(';', 1)[0]?.trim().toLowerCase() === 'respond-async',
  );
}

/** Answers 202 with a job for each image of the request. */
export async function replyWithJobs(
  request: FastifyRequest,
  reply: FastifyReply,
  context: UploadContext,
  metrics: Metrics,
  maxFiles: number,
): Promise<FastifyReply> {
  const idempotencyKey = readIdempotencyKey(request);
  const received = await receiveFiles(request, reply, context, { maxFiles, durable: true });
  const { callbackUrl } = received;
  const files = received.images.map((image, index) => ({
    ...image,
    terms: {
      owner: ownerOf(request, context.config),
      // One key of a request with several images stands for each image, with its index.
      ...(idempotencyKey === undefined
        ? {}
        : { idempotencyKey: index === 0 ? idempotencyKey : `${idempotencyKey} ${index}` }),
      ...(callbackUrl === undefined ? {} : { callbackUrl }),
    },
  }));
  const kept = await context.jobs.submitDurable(files).finally(() => received.release());
  for (const { job, existing } of kept) if (!existing) metrics.observe(job);
  const jobs = kept.map(({ job }) => job);
  const [only, ...more] = jobs;
  if (only !== undefined && more.length === 0) reply.header('location', `/jobs/${only.id}`);
  if (wantsJob(request)) reply.header('preference-applied', 'respond-async');
  return reply
    .code(202)
    .header('cache-control', 'no-store')
    .send({ jobs: jobs.map((job) => jobView(job)) });
}

/** @throws TesseraError invalid_request unless the key is short printable text. */
function readIdempotencyKey(request: FastifyRequest): string | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key === 'string' && /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  const accepted = '1 to 255 printable ASCII characters without spaces';
  throw new TesseraError('invalid_request', `The Idempotency-Key is not valid; expected ${accepted}.`, {
    details: { parameter: 'Idempotency-Key', accepted },
  });
}
