import type { IncomingMessage } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TesseraError } from '../../domain/errors.js';
import { type RawOption, shorten } from '../../options/parse-options.js';
import { clientGone } from '../connection/client-gone.js';
import { sendContinue } from '../connection/expect-continue.js';
import { checkBoundary } from '../errors/media-type.js';
import { readMultipart } from './multipart.js';
import {
  storeFile,
  type UploadedFile,
  type UploadTarget,
  uploadAborted,
  uploadTooLarge,
} from './store-file.js';

/** Boundaries, part headers and fields around the files of a multipart body. */
const MULTIPART_ALLOWANCE_BYTES = 1_000_000;

/** A body on disk. */
export interface ReceivedBody {
  readonly files: readonly UploadedFile[];
  readonly fields: readonly RawOption[];
  /** When the last byte had arrived, epoch milliseconds. */
  readonly endedAtMs: number;
}

/** Content-Length, if the request declares one. */
export function declaredBytes({ headers }: FastifyRequest): number | undefined {
  const length = headers['content-length'];
  return length === undefined ? undefined : Number(length);
}

/**
 * Checks Content-Length before the body is read.
 * @throws TesseraError upload_too_large, no_file.
 */
export function checkDeclaredLength(
  request: FastifyRequest,
  { maxBytes, maxFiles }: Pick<UploadTarget, 'maxBytes' | 'maxFiles'>,
): void {
  const declared = declaredBytes(request);
  const isChunked = request.headers['transfer-encoding'] !== undefined;
  if (declared === 0 || (declared === undefined && !isChunked)) {
    throw new TesseraError(
      'no_file',
      'The request has no body; send the image as the form field "file" or as the body itself.',
    );
  }
  const allowed = request.isMultipart() ? maxBytes * maxFiles + MULTIPART_ALLOWANCE_BYTES : maxBytes;
  if (declared !== undefined && declared > allowed) throw uploadTooLarge(maxBytes);
}

/**
 * Refuses a compressed body: images are compressed already, and decompression would need limits of its own.
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
 * Streams the body of an upload to disk.
 * @throws TesseraError upload_timeout, upload_aborted, queue_full, upload_too_large, no_file, malformed_multipart, …; the
 * caller then removes the files.
 */
export async function receiveBody(
  request: FastifyRequest,
  reply: FastifyReply,
  target: UploadTarget,
): Promise<ReceivedBody> {
  const isMultipart = request.isMultipart();
  if (isMultipart) checkBoundary(request);
  sendContinue(request, reply);
  const controller = new AbortController();
  const { signal } = controller;
  const abortWith = (source: AbortSignal, reason: () => unknown) => {
    const abort = () => controller.abort(reason());
    if (source.aborted) abort();
    else source.addEventListener('abort', abort, { once: true });
  };
  const { place, timeoutMs } = target;
  const timer = setTimeout(() => controller.abort(uploadTimeout(timeoutMs)), timeoutMs);
  abortWith(clientGone(reply), uploadAborted);
  abortWith(place.signal, () => place.signal.reason);
  try {
    signal.throwIfAborted();
    const body = isMultipart ? readMultipart(request, target, signal) : readRawBody(request, target, signal);
    const aborted = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    const { files, fields } = await Promise.race([body, aborted]);
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

async function readRawBody(
  request: FastifyRequest,
  target: UploadTarget,
  signal: AbortSignal,
): Promise<Pick<ReceivedBody, 'files' | 'fields'>> {
  const path = await target.pathFor(0);
  const bytes = await storeFile(detached(request.raw, signal), path, target.maxBytes);
  if (bytes === 0) throw new TesseraError('no_file', 'The body is empty.');
  return { files: [{ path, bytes }], fields: [] };
}

/** The body as a stream that can be destroyed without the connection, which still has to carry the answer. */
function detached(request: IncomingMessage, signal: AbortSignal): Readable {
  const body = new PassThrough({ signal });
  // An error before the reader listens must not be uncaught; the reader still gets it.
  body.on('error', () => undefined);
  request.pipe(body);
  body.once('close', () => request.unpipe(body));
  return body;
}

function uploadTimeout(timeoutMs: number): TesseraError {
  const accepted = `at most ${timeoutMs / 1000} seconds`;
  return new TesseraError('upload_timeout', `The upload took too long; accepted is ${accepted}.`, {
    details: { accepted },
  });
}
