import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TesseraError } from '../../domain/errors.js';
import { hasEnded } from '../../domain/job-state.js';
import type { Job } from '../../jobs/job.js';
import { storageError } from '../../jobs/store/storage-error.js';
import { type ByteRange, parseRange } from './byte-range.js';
import { imageHeaders, readResult } from './image-reply.js';
import { cutOffSlowReader, type ReaderLimits } from './slow-reader.js';

/**
 * Answers with the image of a job, whole or a range of it, any number of times.
 * @throws TesseraError result_not_ready, not_found, range_not_satisfiable.
 */
export async function replyWithResult(
  request: FastifyRequest,
  reply: FastifyReply,
  job: Job,
  terms: ReaderLimits,
): Promise<FastifyReply> {
  const { result } = job;
  if (result === undefined) throw notReady(job);
  // An id is never reused and a result never changes, so the id is a strong ETag.
  const etag = `"${job.id}"`;
  reply.headers({ etag, 'cache-control': 'private, no-cache', 'accept-ranges': 'bytes' });
  if (namesTag(request.headers['if-none-match'], etag)) return reply.code(304).send();
  const size = result.bytes;
  const ifRange = request.headers['if-range'];
  const range =
    ifRange === undefined || ifRange === etag ? parseRange(request.headers.range, size) : undefined;
  if (range === 'unsatisfiable') {
    reply.header('content-range', `bytes */${size}`);
    throw new TesseraError('range_not_satisfiable', `The image has only ${size} bytes.`, {
      details: { parameter: 'Range', accepted: `bytes=0-${size - 1}` },
    });
  }
  reply.headers(imageHeaders(job, result)).header('content-length', lengthOf(range, size));
  if (range !== undefined) {
    reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${size}`);
  }
  // For HEAD, Fastify sets Content-Length from the body, but not from a stream.
  if (request.method === 'HEAD') return reply.send(Readable.from([]));
  const file = await openResult(job);
  cutOffSlowReader(reply.raw, terms);
  return reply.send(readResult(file, range ?? { start: 0, end: size - 1 }));
}

function lengthOf(range: ByteRange | undefined, size: number): number {
  return range === undefined ? size : range.end - range.start + 1;
}

/** Whether `If-None-Match` lists a tag, by weak comparison (RFC 9110, 13.1.2). */
function namesTag(header: string | undefined, etag: string): boolean {
  const tags = (header ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(etag) || tags.includes('*');
}

/** Opens the result, which may have expired since the job was found. */
async function openResult(job: Job): Promise<FileHandle> {
  try {
    return await open(job.resultPath, 'r');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw storageError(cause) ?? cause;
    throw new TesseraError('not_found', 'The result has expired.', { cause });
  }
}

function notReady(job: Job): TesseraError {
  const sentence = hasEnded(job)
    ? `The job ended without a result: ${job.error?.message ?? 'it was cancelled.'}`
    : 'The job has not ended yet; ask for its state or follow its events.';
  return new TesseraError('result_not_ready', sentence);
}
