import { addAbortSignal, type Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { TesseraError } from '../../domain/errors.js';
import { type RawOption, shorten } from '../../options/parse-options.js';
import { domainError } from '../errors/error-handler.js';
import { errorOfFile } from './bad-file.js';
import { storeFile } from './store-file.js';
import type { UploadedFile, UploadTarget } from './upload-target.js';

/** Names of the form field with the image. */
const FILE_FIELDS: readonly string[] = ['file', 'image'];

/** More than there are options, so that a wrong field gets its own error. */
const MAX_FIELDS = 64;
const MAX_FIELD_BYTES = 4096;

/**
 * Reads a multipart body: streams files to disk and collects fields, in the order of arrival.
 * @param signal aborts waiting for more of the body; the caller reports the reason.
 * @throws TesseraError malformed_multipart, upload_aborted, too_many_files, no_file, unknown_option, and the errors
 * of `storeFile`.
 */
export async function readMultipart(
  request: FastifyRequest,
  target: UploadTarget,
  signal: AbortSignal,
): Promise<{ files: UploadedFile[]; fields: RawOption[] }> {
  const files: UploadedFile[] = [];
  const fields: RawOption[] = [];
  const parts = request.parts({
    limits: {
      // One more than accepted, so that the surplus file gets its own error.
      files: target.maxFiles + 1,
      fields: MAX_FIELDS,
      parts: MAX_FIELDS + target.maxFiles + 1,
      fieldSize: MAX_FIELD_BYTES,
      fileSize: Number.POSITIVE_INFINITY,
    },
    isPartAFile: (_field, contentType, fileName) => fileName !== undefined || isFileType(contentType),
  });
  try {
    for await (const part of parts) {
      checkName(part.fieldname);
      if (part.type === 'field') {
        fields.push(readField(part.fieldname, part.value, part.valueTruncated || part.fieldnameTruncated));
        continue;
      }
      addAbortSignal(signal, part.file);
      // May be missing, contrary to its type.
      const fileName = (part.filename as string | undefined) ?? '';
      checkFilePart(part.fieldname, fileName, files.length, target.maxFiles);
      const path = await target.pathFor(files.length);
      const bytes = await storePart(part.file, path, target.maxBytes).catch((error: unknown) => {
        // The number of files is not known yet. Only a request for one file needs no name in its errors.
        throw target.maxFiles === 1 ? error : errorOfFile(error, files.length, fileName);
      });
      files.push({ path, bytes, ...(fileName === '' ? {} : { fileName }) });
    }
  } catch (thrown) {
    throw multipartError(thrown);
  }
  return { files, fields };
}

/**
 * Whether a part without a file name (optional, RFC 7578, 4.2) is a file: it is when its type is one that a body may
 * have. The parser gives types without parameters, in any case.
 */
function isFileType(contentType: string | undefined): boolean {
  return /^(image\/|application\/octet-stream$)/i.test(contentType ?? '');
}

/** The parser passes a part without a name on, contrary to its types. */
function checkName(name: string | undefined): void {
  if (name !== undefined) return;
  throw new TesseraError('malformed_multipart', 'A part of the form has no name.');
}

/** @throws TesseraError no_file for an empty part, and the errors of `storeFile`. */
async function storePart(content: Readable, path: string, maxBytes: number): Promise<number> {
  const bytes = await storeFile(content, path, maxBytes);
  if (bytes === 0) throw new TesseraError('no_file', 'The uploaded file is empty.');
  return bytes;
}

function readField(name: string, value: unknown, truncated: boolean): RawOption {
  if (FILE_FIELDS.includes(name)) {
    throw new TesseraError(
      'no_file',
      `The field "${name}" holds text instead of a file. (With curl, write -F ${name}=@photo.jpg, with the @.)`,
      { details: { parameter: name } },
    );
  }
  if (truncated) {
    throw new TesseraError('invalid_option', `The field "${shorten(name)}" is too long.`, {
      details: { parameter: shorten(name), accepted: `at most ${MAX_FIELD_BYTES} bytes` },
    });
  }
  return [name, typeof value === 'string' ? value : String(value)];
}

function checkFilePart(field: string, fileName: string, before: number, maxFiles: number): void {
  if (!FILE_FIELDS.includes(field)) {
    throw new TesseraError(
      'unknown_option',
      `The field "${shorten(field)}" holds a file; send the image as ${FILE_FIELDS.join(' or ')}.`,
      { details: { parameter: shorten(field), accepted: FILE_FIELDS.join(', ') } },
    );
  }
  if (before >= maxFiles) {
    const accepted = maxFiles === 1 ? 'one file' : `at most ${maxFiles} files`;
    throw new TesseraError('too_many_files', `The form holds too many files; send ${accepted}.`, {
      details: { accepted, ...(fileName === '' ? {} : { received: shorten(fileName) }) },
    });
  }
}

/** Errors of the parser are the caller's fault. Fastify would answer 500 for most of them. */
function multipartError(thrown: unknown): TesseraError {
  const error = domainError(thrown);
  if (error.code !== 'internal' || thrown instanceof TesseraError) return error;
  return new TesseraError('malformed_multipart', 'The multipart body is malformed or ends too early.', {
    cause: thrown,
  });
}
