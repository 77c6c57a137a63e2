import type { FastifyRequest } from 'fastify';
import { TesseraError } from '../../domain/errors.js';
import { shorten } from '../../options/parse-options.js';

const ACCEPTED = 'multipart/form-data, image/*, application/octet-stream, or no such header';

/**
 * Explains why a media type is refused. `curl --data-binary` sends `application/x-www-form-urlencoded` by default, so
 * such a body may well be an image. It is refused all the same, because a form without a file has that type too.
 */
export function unsupportedMediaType({ headers }: FastifyRequest): TesseraError {
  const received = shorten(headers['content-type'] ?? '');
  const ofCurl = /^application\/x-www-form-urlencoded/i.test(received)
    ? " (With curl, write -F file=@photo.jpg, or add -H 'Content-Type: image/jpeg' to --data-binary.)"
    : '';
  return new TesseraError(
    'unsupported_media_type',
    `The Content-Type of the body is "${received}"; send the image as multipart/form-data, or as the body itself with Content-Type image/*, application/octet-stream or none.${ofCurl}`,
    { details: { parameter: 'Content-Type', accepted: ACCEPTED, received } },
  );
}

/** @throws TesseraError malformed_multipart for a multipart body without a boundary. */
export function checkBoundary({ headers }: FastifyRequest): void {
  const type = headers['content-type'] ?? '';
  if (/;\s*boundary=("[^"]+"|[^\s";]+)/i.test(type)) return;
  throw new TesseraError(
    'malformed_multipart',
    'The Content-Type says multipart/form-data without a boundary. Leave the header out: whatever builds the form adds it, with the boundary.',
    {
      details: {
        parameter: 'Content-Type',
        accepted: 'multipart/form-data; boundary=…',
        received: shorten(type),
      },
    },
  );
}
