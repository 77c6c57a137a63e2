import type { FastifyReply, FastifyRequest } from 'fastify';
import { defined } from '../../domain/defined.js';
import { TesseraError } from '../../domain/errors.js';
import { ownerOf } from '../access/auth.js';
import type { UploadContext } from '../context.js';
import type { Metrics } from '../observe/metrics.js';
import type { JobList } from '../schemas/job.js';
import { receiveFiles } from '../upload/receive-files.js';
import { jobView } from './job-view.js';

/** Whether the client prefers a job to waiting for the image (RFC 7240). */
export function wantsJob(request: FastifyRequest): boolean {
  const preferences = [request.headers.prefer ?? []].flat().join(',').split(',');
  return preferences.some(
    (preference) => preference.split(';', 1)[0]?.trim().toLowerCase() === 'respond-async',
  );
}

/** Receives the images of a request and makes a durable job of each. @returns the body of the answer, a 202. */
export async function submitJobs(
  request: FastifyRequest,
  reply: FastifyReply,
  context: UploadContext,
  metrics: Metrics,
  maxFiles: number,
): Promise<JobList> {
  const key = readIdempotencyKey(request);
  const upload = await receiveFiles(request, reply, context, { maxFiles, durable: true });
  const owner = ownerOf(request, context.config);
  const submissions = upload.images.map((image, index) => {
    // Each further image of a request has the key followed by its index.
    const idempotencyKey = key === undefined || index === 0 ? key : `${key} ${index}`;
    return { ...image, durable: { owner, ...defined({ idempotencyKey, callbackUrl: upload.callbackUrl }) } };
  });
  const submitted = await context.jobs.submitDurable(submissions).finally(() => upload.release());
  for (const { job, existing } of submitted) if (!existing) metrics.observe(job);
  const jobs = submitted.map(({ job }) => jobView(job));
  const [only, ...more] = jobs;
  if (only !== undefined && more.length === 0) reply.header('location', `/jobs/${only.id}`);
  if (wantsJob(request)) reply.header('preference-applied', 'respond-async');
  reply.code(202).header('cache-control', 'no-store');
  return { jobs };
}

/** @throws TesseraError invalid_request for a key with spaces or other than printable ASCII characters, or a long one. */
function readIdempotencyKey(request: FastifyRequest): string | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key === 'string' && /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  const accepted = '1 to 255 printable ASCII characters without spaces';
  throw new TesseraError('invalid_request', `The Idempotency-Key is not valid; expected ${accepted}.`, {
    details: { parameter: 'Idempotency-Key', accepted },
  });
}
