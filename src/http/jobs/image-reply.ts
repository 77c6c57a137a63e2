import type { ReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import contentDisposition from 'content-disposition';
import type { FastifyReply } from 'fastify';
import { downloadName, MEDIA_TYPES, safeStem } from '../../domain/download-name.js';
import type { UpscaleResult } from '../../domain/types.js';
import type { Job } from '../../jobs/job.js';
import type { ByteRange } from '../conditional-request.js';
import { attemptsHeader } from '../errors/attempts-header.js';
import { cutOffSlowReader, type ReaderLimits } from './slow-reader.js';

/** Results are megabytes: reads larger than Node's 64 KiB need fewer turns of the event loop. */
const READ_BYTES = 512 * 1024;

/** The file name of a download: `photo_x4.jpg`. */
export function resultName({ request }: Job, { scale, format }: UpscaleResult): string {
  return downloadName(safeStem(request.fileName ?? ''), scale, format);
}

/** The headers that describe an image and how it was made. */
export function imageHeaders(job: Job, result: UpscaleResult): Record<string, string> {
  const { decodeMs, inferMs, blendMs, encodeMs, turnWaitMs } = result.timings;
  const phases = {
    queue: job.queueWaitMs,
    decode: decodeMs,
    infer: inferMs,
    blend: blendMs,
    encode: encodeMs,
    turns: turnWaitMs,
  };
  return {
    'content-type': MEDIA_TYPES[result.format],
    'content-disposition': contentDisposition(resultName(job, result), { type: 'inline' }),
    'server-timing': Object.entries(phases)
      .map(([name, ms]) => `${name};dur=${ms.toFixed(1)}`)
      .join(', '),
    'x-upscale-model': result.model,
    'x-upscale-provider': result.provider ?? 'none',
    'x-upscale-scale': String(Number(result.scale.toFixed(6))),
    ...(result.steps === undefined ? {} : { 'x-upscale-steps': result.steps.join(', ') || 'none' }),
    'x-upscale-tiles': String(result.tiles),
    'x-upscale-fallback': String(result.fallback),
    'x-upscale-width': String(result.width),
    'x-upscale-height': String(result.height),
    'x-upscale-attempts': attemptsHeader(result.attempts),
    ...(result.droppedPages === 0 ? {} : { 'x-upscale-dropped-pages': String(result.droppedPages) }),
    ...(result.notKept === undefined ? {} : { 'x-upscale-not-kept': result.notKept.join(', ') }),
  };
}

/** Streams a job's result from disk, and removes the job's folder when the transfer ends. */
export async function replyWithImage(
  reply: FastifyReply,
  job: Job,
  result: UpscaleResult,
  limits: ReaderLimits,
): Promise<FastifyReply> {
  const file = await open(job.resultPath, 'r');
  const { size } = await file.stat();
  const stream = readResult(file, { start: 0, end: size - 1 });
  stream.once('close', () => void job.dispose());
  cutOffSlowReader(reply.raw, limits);
  // CORS may have set `Vary: Origin` before.
  const vary = [reply.getHeader('vary') ?? [], 'Accept'].flat().join(', ');
  return reply
    .headers(imageHeaders(job, result))
    .header('content-length', size)
    .header('cache-control', 'no-store')
    .header('vary', vary)
    .send(stream);
}

/**
 * A part of a result. With a known end the stream ends at the last byte. Without one it would read once more, and a client that
 * closes after the last byte would count as one that left.
 */
export function readResult(file: FileHandle, { start, end }: ByteRange): ReadStream {
  return file.createReadStream({ highWaterMark: READ_BYTES, start, end });
}
