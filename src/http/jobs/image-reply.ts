import type { ReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import contentDisposition from 'content-disposition';
import type { FastifyReply } from 'fastify';
import { downloadName, MEDIA_TYPES, safeStem } from '../../domain/download-name.js';
import type { UpscaleResult } from '../../domain/types.js';
import type { Job } from '../../jobs/job.js';
import { attemptsHeader } from '../errors/attempts-header.js';
import type { ByteRange } from './byte-range.js';
import { cutOffSlowReader, type ReaderLimits } from './slow-reader.js';

/** Read size. Results are megabytes, and larger reads than Node's 64 KiB need fewer turns of the event loop. */
const READ_BYTES = 512 * 1024;

/** Headers of image answers that CORS has to expose. */
export const IMAGE_HEADERS = [
  'X-Upscale-Model',
  'X-Upscale-Provider',
  'X-Upscale-Scale',
  'X-Upscale-Tiles',
  'X-Upscale-Fallback',
  'X-Upscale-Width',
  'X-Upscale-Height',
  'X-Upscale-Attempts',
  'X-Upscale-Dropped-Pages',
  'X-Upscale-Not-Kept',
] as const;

/** The file name of a result, such as `photo_x4.jpg`. */
export function resultName({ request }: Job, { scale, format }: UpscaleResult): string {
  const stem = request.fileName === undefined ? undefined : safeStem(request.fileName);
  return downloadName(stem, scale, format);
}

/** Headers that describe an image and how it was made. */
export function imageHeaders(job: Job, result: UpscaleResult): Record<string, string> {
  const { timings } = result;
  const phases: readonly (readonly [string, number])[] = [
    ['queue', job.queueWaitMs],
    ['decode', timings.decodeMs],
    ['infer', timings.inferMs],
    ['blend', timings.blendMs],
    ['encode', timings.encodeMs],
    ['turns', timings.turnWaitMs],
  ];
  return {
    'content-type': MEDIA_TYPES[result.format],
    'content-disposition': contentDisposition(resultName(job, result), { type: 'inline' }),
    'server-timing': phases.map(([name, ms]) => `${name};dur=${ms.toFixed(1)}`).join(', '),
    'x-upscale-model': result.model,
    'x-upscale-provider': result.provider ?? 'none',
    'x-upscale-scale': String(Number(result.scale.toFixed(6))),
    'x-upscale-tiles': String(result.tiles),
    'x-upscale-fallback': String(result.fallback),
    'x-upscale-width': String(result.width),
    'x-upscale-height': String(result.height),
    'x-upscale-attempts': attemptsHeader(result.attempts),
    ...(result.droppedPages === 0 ? {} : { 'x-upscale-dropped-pages': String(result.droppedPages) }),
    ...(result.notKept === undefined ? {} : { 'x-upscale-not-kept': result.notKept.join(', ') }),
  };
}

/** Streams a job's result. The job's folder is removed when the last byte was sent or the client has left. */
export async function replyWithImage(
  reply: FastifyReply,
  job: Job,
  result: UpscaleResult,
  terms: ReaderLimits,
): Promise<FastifyReply> {
  const file = await open(job.resultPath, 'r');
  const { size } = await file.stat();
  const stream = readResult(file, { start: 0, end: size - 1 });
  stream.once('close', () => void job.dispose());
  cutOffSlowReader(reply.raw, terms);
  return reply
    .headers(imageHeaders(job, result))
    .header('content-length', size)
    .header('cache-control', 'no-store')
    .header('vary', varyBy(reply, 'Accept'))
    .send(stream);
}

/**
 * Reads a range of a result, both ends inclusive. With a known end the stream ends at the last byte. Without one it
 * would read once more, and a client that closes at the last byte would count as one that left.
 */
export function readResult(file: FileHandle, { start, end }: ByteRange): ReadStream {
  return file.createReadStream({ highWaterMark: READ_BYTES, start, end });
}

/** Adds to `Vary`, since CORS may have set `Vary: Origin`. */
function varyBy(reply: FastifyReply, name: string): string {
  const before = reply.getHeader('vary');
  return before === undefined ? name : `${String(before)}, ${name}`;
}
