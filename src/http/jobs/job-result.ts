import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TesseraError } from '../../domain/errors.js';
import { hasEnded } from '../../domain/job-state.js';
import type { Job } from '../../jobs/job.js';
import { isMissing } from '../../jobs/store/instance.js';
import { storageError } from '../../jobs/store/storage-error.js';
import { matchesTag, parseRange } from '../conditional-request.js';
import { imageHeaders, readResult } from './image-reply.js';
import { cutOffSlowReader, type ReaderLimits } from './slow-reader.js';

/**
 * Sends the image of a job, whole or in part.
 * @throws TesseraError result_not_ready, not_found, range_not_satisfiable, storage_unavailable.
 */
export async function replyWithResult(
  request: FastifyRequest,
  reply: FastifyReply,
  job: Job,
  limits: ReaderLimits,
): Promise<FastifyReply> {
  const { result } = job;
  if (result === undefined) throw notReady(job);
  // An id is never reused and a result never changes, so the id is a strong validator.
  const etag = `"${job.id}"`;
  reply.headers({ etag, 'cache-control': 'private, no-cache', 'accept-ranges': 'bytes' });
  const { range: wanted, 'if-range': ifRange, 'if-none-match': ifNoneMatch } = request.headers;
  if (matchesTag(ifNoneMatch, etag)) return reply.code(304).send();
  const size = result.bytes;
  const range = ifRange === undefined || ifRange === etag ? parseRange(wanted, size) : undefined;
  if (range === 'unsatisfiable') {
    reply.header('content-range', `bytes */${size}`);
    throw new TesseraError('range_not_satisfiable', `The image has only ${size} bytes.`, {
      details: { parameter: 'Range', accepted: `bytes=0-${size - 1}` },
    });
  }
  const { start, end } = range ?? { start: 0, end: size - 1 };
  reply.headers(imageHeaders(job, result)).header('content-length', end - start + 1);
  if (range !== undefined) reply.code(206).header('content-range', `bytes ${start}-${end}/${size}`);
  // Fastify would replace the length by that of the payload, except for streams.
  if (request.method === 'HEAD') return reply.send(Readable.from([]));
  const file = await open(job.resultPath, 'r').catch((cause: unknown) => {
    if (!isMissing(cause)) throw storageError(cause) ?? cause;
    throw new TesseraError('not_found', 'The result has expired.', { cause });
  });
  cutOffSlowReader(reply.raw, limits);
  return reply.send(readResult(file, { start, end }));
}

function notReady(job: Job): TesseraError {
  const sentence = hasEnded(job)
    ? `The job ended without a result: ${job.error?.message ?? 'it was cancelled.'}`
    : 'The job has not ended yet; ask for its state or follow its events.';
  return new TesseraError('result_not_ready', sentence);
}
