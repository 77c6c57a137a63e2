import type { IncomingMessage } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TesseraError } from '../../domain/errors.js';
import { type RawOption, shorten } from '../../options/parse-options.js';
import { clientGone } from '../connection/client-gone.js';
import { sendContinue } from '../connection/expect-continue.js';
import { checkBoundary } from '../errors/media-type.js';
import { readMultipart } from './multipart.js';
import { storeFile, uploadTooLarge } from './store-file.js';
import type { UploadedFile, UploadTarget } from './upload-target.js';

/** Allowance for boundaries, part headers and fields of a multipart body. */
const MULTIPART_ALLOWANCE_BYTES = 1_000_000;

export interface Upload {
  readonly files: readonly UploadedFile[];
  readonly fields: readonly RawOption[];
  /** Time of the last byte, in epoch milliseconds. */
  readonly endedAtMs: number;
}

/** Content-Length, when the request declares one. */
export function declaredBytes(request: FastifyRequest): number | undefined {
  const length = request.headers['content-length'];
  return length === undefined ? undefined : Number(length);
}

/**
 * Checks Content-Length before a byte of the body is read.
 * @throws TesseraError upload_too_large, no_file.
 */
export function checkDeclaredLength(
  request: FastifyRequest,
  target: Pick<UploadTarget, 'maxBytes' | 'maxFiles'>,
): void {
  const declared = declaredBytes(request);
  const chunked = request.headers['transfer-encoding'] !== undefined;
  if (declared === 0 || (declared === undefined && !chunked)) {
    throw new TesseraError(
      'no_file',
      'The request has no body; send the image as the form field "file" or as the body itself.',
    );
  }
  const allowed = request.isMultipart()
    ? target.maxBytes * target.maxFiles + MULTIPART_ALLOWANCE_BYTES
    : target.maxBytes;
  if (declared !== undefined && declared > allowed) throw uploadTooLarge(target.maxBytes);
}

/**
 * Refuses a compressed body: pictures are compressed already, and decompression would need limits of its own.
 * @throws TesseraError unsupported_media_type (RFC 9110, 15.5.16).
 */
export function checkContentEncoding({ headers }: FastifyRequest): void {
  const encoding = headers['content-encoding']?.trim() ?? '';
  if (encoding === '' || encoding.toLowerCase() === 'identity') return;
  const received = shorten(encoding);
  throw new TesseraError(
    'unsupported_media_type',
    `The header Content-Encoding is "${received}"; send the body as it is, without compressing it.`,
    { details: { parameter: 'Content-Encoding', accepted: 'identity, or no such header', received } },
  );
}

/**
 * Streams the body of an upload to disk, never through memory.
 * @throws TesseraError upload_timeout, upload_aborted, queue_full, upload_too_large, no_file, malformed_multipart, …;
 * the owner of the folder removes files written so far.
 */
export async function receiveUpload(
  request: FastifyRequest,
  reply: FastifyReply,
  target: UploadTarget,
): Promise<Upload> {
  if (request.isMultipart()) checkBoundary(request);
  sendContinue(request, reply);
  const clock = new AbortController();
  const timer = setTimeout(() => clock.abort(uploadTimeout(target.timeoutMs)), target.timeoutMs);
  // The connection may have ended before this listens to the body. Then no event comes any more.
  const gone = clientGone(reply);
  gone.addEventListener('abort', () => clock.abort(uploadAborted()), { once: true });
  if (gone.aborted) clock.abort(uploadAborted());
  const { place } = target;
  const { signal } = place;
  signal.addEventListener('abort', () => clock.abort(signal.reason), { once: true });
  if (signal.aborted) clock.abort(signal.reason);
  try {
    clock.signal.throwIfAborted();
    const body = request.isMultipart()
      ? readMultipart(request, target, clock.signal)
      : readRawBody(request, target, clock.signal);
    const { files, fields } = await Promise.race([body, rejectionOf(clock.signal)]);
    if (files.length === 0) {
      throw new TesseraError('no_file', 'The form holds no image; send it as the field "file".', {
        details: { parameter: 'file' },
      });
    }
    return { files, fields, endedAtMs: Date.now() };
  } finally {
    clearTimeout(timer);
    place.end();
  }
}

/** Rejects with the signal's reason when it is aborted. */
function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

async function readRawBody(
  request: FastifyRequest,
  target: UploadTarget,
  signal: AbortSignal,
): Promise<{ files: UploadedFile[]; fields: RawOption[] }> {
  const path = await target.pathFor(0);
  const bytes = await storeFile(detached(request.raw, signal), path, target.maxBytes);
  if (bytes === 0) throw new TesseraError('no_file', 'The body is empty.');
  return { files: [{ path, bytes }], fields: [] };
}

/** The body as a stream that can be destroyed without the connection, which has to carry the answer. */
function detached(request: IncomingMessage, signal: AbortSignal): Readable {
  const body = new PassThrough({ signal });
  // It may fail before its reader listens. The reader still learns of it.
  body.on('error', () => undefined);
  request.pipe(body);
  body.once('close', () => request.unpipe(body));
  return body;
}

function uploadAborted(): TesseraError {
  return new TesseraError('upload_aborted', 'The connection ended before the body did.');
}

function uploadTimeout(timeoutMs: number): TesseraError {
  const accepted = `at most ${timeoutMs / 1000} seconds`;
  return new TesseraError('upload_timeout', `The upload took too long; accepted is ${accepted}.`, {
    details: { accepted },
  });
}
