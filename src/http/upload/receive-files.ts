import type { FastifyReply, FastifyRequest } from 'fastify';
import { safeName } from '../../domain/download-name.js';
import { TesseraError } from '../../domain/errors.js';
import { LANCZOS } from '../../domain/types.js';
import type { JobRequest, Jobs, Reservation } from '../../jobs/job.js';
import { patient } from '../../options/option-defaults.js';
import { parseOptions, type RawOption, type RequestOptions } from '../../options/parse-options.js';
import { withModel } from '../../options/purposes.js';
import { clientOf } from '../access/client.js';
import { clientGone } from '../connection/client-gone.js';
import { sendContinue } from '../connection/expect-continue.js';
import type { HttpContext, UploadContext } from '../context.js';
import { imageTypesByPreference } from './accept.js';
import { errorOfFile } from './bad-file.js';
import { checkContentEncoding, checkDeclaredLength, declaredBytes, receiveUpload } from './upload.js';
import type { UploadTarget } from './upload-target.js';

const CALLBACK_OPTION = 'callback_url';

export interface ReceivedImage {
  readonly reservation: Reservation;
  readonly request: JobRequest;
}

export interface ReceiveOptions {
  readonly maxFiles: number;
  /**
   * Whether the files become durable jobs. These may name a `callback_url`, have the longest timeout by default, and
   * cannot be dry runs.
   */
  readonly durable: boolean;
}

export interface ReceivedFiles {
  readonly images: readonly ReceivedImage[];
  readonly options: RequestOptions;
  /** Checked against `CALLBACK_HOSTS`. */
  readonly callbackUrl: string | undefined;
  /** Releases the upload's place, and each reservation that has not become a job. To be called in every case. */
  release(): Promise<void>;
}

/**
 * Receives the images of a request, ready to become jobs. What the head of the request shows (bad options in the
 * query, Content-Length, a full queue) is refused before the body is read.
 * @throws TesseraError; nothing is left on disk then.
 */
export async function receiveFiles(
  request: FastifyRequest,
  reply: FastifyReply,
  context: UploadContext,
  { maxFiles, durable }: ReceiveOptions,
): Promise<ReceivedFiles> {
  const { config, jobs } = context;
  const maxBytes = config.MAX_UPLOAD_MB * 1e6;
  const fromQuery = queryOptions(request);
  const optionLimits = durable ? patient(config) : config;
  const parse = async (raw: readonly RawOption[]) => {
    const { callbackUrl, rest } = durable
      ? takeCallbackUrl(raw, jobs)
      : { callbackUrl: undefined, rest: raw };
    const models = await modelNames(rest, context);
    const options = parseOptions(rest, models, imageTypesByPreference(request.headers.accept), optionLimits);
    if (durable && options.dryRun) throw dryRunOfJob();
    const upscale = withModel(options.upscale, context.engine.status().models);
    return { options: { ...options, upscale }, callbackUrl };
  };
  await parse(fromQuery);

  checkContentEncoding(request);
  checkDeclaredLength(request, { maxBytes, maxFiles });
  const place = await context.uploads.take({
    client: clientOf(request, config),
    body: request.raw,
    gone: clientGone(reply),
    onWait: () => sendContinue(request, reply),
  });
  const reservations: Reservation[] = [];
  let released = false;
  const release = async () => {
    released = true;
    await Promise.all(reservations.map((reservation) => reservation.release()));
    place.release();
  };
  try {
    const first = await jobs.reserve(declaredBytes(request), { maxFiles, durable });
    reservations.push(first);
    const target: UploadTarget = {
      maxFiles,
      maxBytes,
      timeoutMs: config.UPLOAD_TIMEOUT_SECONDS * 1000,
      place,
      async pathFor(index) {
        const reservation = reservations[index] ?? (await first.another());
        reservations[index] = reservation;
        // The upload may have been given up while this reservation was made.
        if (released) await release();
        return reservation.sourcePath;
      },
    };
    const upload = await receiveUpload(request, reply, target);
    const { options, callbackUrl } = await parse([...fromQuery, ...upload.fields]);
    const images: ReceivedImage[] = [];
    for (const [index, file] of upload.files.entries()) {
      const reservation = reservations[index];
      if (reservation === undefined) throw new Error('An upload without a reservation');
      const fileName = file.fileName === undefined ? undefined : safeName(file.fileName);
      images.push({
        reservation,
        request: {
          header: await context.inspectImage(file.path, options.upscale).catch((error: unknown) => {
            throw upload.files.length === 1 ? error : errorOfFile(error, index, file.fileName);
          }),
          options: options.upscale,
          sourceBytes: file.bytes,
          ...(fileName === undefined ? {} : { fileName }),
          uploadedAtMs: upload.endedAtMs,
        },
      });
    }
    return { images, options, callbackUrl, release };
  } catch (error) {
    await release();
    throw error;
  }
}

/** @throws TesseraError repeated_option; invalid_option for a URL that may not be called. */
function takeCallbackUrl(
  raw: readonly RawOption[],
  jobs: Jobs,
): { callbackUrl: string | undefined; rest: RawOption[] } {
  const given = raw.filter(([name, text]) => name === CALLBACK_OPTION && text.trim() !== '');
  const rest = raw.filter(([name]) => name !== CALLBACK_OPTION);
  if (given.length > 1) {
    throw new TesseraError('repeated_option', `The option "${CALLBACK_OPTION}" is given more than once.`, {
      details: { parameter: CALLBACK_OPTION },
    });
  }
  const callbackUrl = given[0]?.[1].trim();
  if (callbackUrl !== undefined) jobs.checkCallbackUrl(callbackUrl);
  return { callbackUrl, rest };
}

function dryRunOfJob(): TesseraError {
  return new TesseraError(
    'invalid_option',
    'The option "dry_run" is for POST /upscale; a job is never one.',
    {
      details: { parameter: 'dry_run', accepted: 'false' },
    },
  );
}

/** Names that the option `model` accepts. When the option is given, this waits for the first engine, which reports them. */
async function modelNames(raw: readonly RawOption[], { engine }: HttpContext): Promise<readonly string[]> {
  if (raw.some(([name]) => name === 'model') && engine.status().models.length === 0) await engine.ready();
  return [...new Set([...engine.status().models.map((model) => model.name), LANCZOS])];
}

function queryOptions(request: FastifyRequest): RawOption[] {
  const query = request.query as Readonly<Record<string, string | readonly string[]>>;
  return Object.entries(query).flatMap(([name, value]) =>
    (typeof value === 'string' ? [value] : value).map((text): RawOption => [name, text]),
  );
}
