import type { FastifyReply, FastifyRequest } from 'fastify';
import { defined } from '../../domain/defined.js';
import { safeName } from '../../domain/download-name.js';
import { TesseraError } from '../../domain/errors.js';
import { LANCZOS } from '../../domain/types.js';
import type { JobRequest, Jobs, Reservation, UploadOptions } from '../../jobs/job.js';
import { patient } from '../../options/option-defaults.js';
import { parseOptions, type RawOption, type RequestOptions } from '../../options/parse-options.js';
import { clientOf } from '../access/client.js';
import { clientGone } from '../connection/client-gone.js';
import { sendContinue } from '../connection/expect-continue.js';
import type { HttpContext, UploadContext } from '../context.js';
import { imageTypesByPreference } from './accept.js';
import { errorOfFile } from './bad-file.js';
import { checkContentEncoding, checkDeclaredLength, declaredBytes, receiveBody } from './receive-body.js';
import type { UploadTarget } from './store-file.js';

/** The option that only jobs have. */
const CALLBACK_OPTION = 'callback_url';

interface ParsedOptions {
  readonly options: RequestOptions;
  /** Allowed by `CALLBACK_HOSTS`. */
  readonly callbackUrl: string | undefined;
}

/** The images of a request on disk, ready to be submitted as jobs. */
export interface ReceivedUpload extends ParsedOptions {
  readonly images: readonly { readonly reservation: Reservation; readonly request: JobRequest }[];
  /** Releases the upload's place and every reservation that was not submitted. The caller must call it in any case. */
  release(): Promise<void>;
}

/**
 * Receives the images of a request. The head of the request (options in the query, Content-Length, a full queue) is checked before
 * the body is read.
 * @param durable jobs may have a `callback_url`, have the longest timeout by default, and cannot be dry runs.
 * @throws TesseraError; nothing is left on disk then.
 */
export async function receiveUpload(
  request: FastifyRequest,
  reply: FastifyReply,
  context: UploadContext,
  { maxFiles, durable }: UploadOptions,
): Promise<ReceivedUpload> {
  const { config, jobs } = context;
  const maxBytes = config.MAX_UPLOAD_MB * 1e6;
  const fromQuery = queryOptions(request);
  await parse(fromQuery, request, context, durable);

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
        // The upload may have failed during the reservation.
        if (released) await release();
        return reservation.sourcePath;
      },
    };
    const body = await receiveBody(request, reply, target);
    const parsed = await parse([...fromQuery, ...body.fields], request, context, durable);
    const options = parsed.options.upscale;
    const images: ReceivedUpload['images'][number][] = [];
    for (const [index, { path, bytes, fileName }] of body.files.entries()) {
      const reservation = reservations[index];
      if (reservation === undefined) throw new Error('An upload without a reservation');
      const header = await context.inspectImage(path, options).catch((error: unknown) => {
        throw body.files.length === 1 ? error : errorOfFile(error, index, fileName);
      });
      const name = defined({ fileName: safeName(fileName ?? '') });
      const job = { header, options, sourceBytes: bytes, ...name, uploadedAtMs: body.endedAtMs };
      images.push({ reservation, request: job });
    }
    return { images, ...parsed, release };
  } catch (error) {
    await release();
    throw error;
  }
}

async function parse(
  raw: readonly RawOption[],
  request: FastifyRequest,
  context: HttpContext,
  durable: boolean,
): Promise<ParsedOptions> {
  const callbackUrl = durable ? callbackUrlOf(raw, context.jobs) : undefined;
  const rest = durable ? raw.filter(([name]) => name !== CALLBACK_OPTION) : raw;
  const models = await modelNames(rest, context);
  const accept = imageTypesByPreference(request.headers.accept);
  const options = parseOptions(rest, models, accept, durable ? patient(context.config) : context.config);
  if (durable && options.dryRun) {
    throw new TesseraError(
      'invalid_option',
      'The option "dry_run" is for POST /upscale; a job cannot be a dry run.',
      { details: { parameter: 'dry_run', accepted: 'false' } },
    );
  }
  return { options, callbackUrl };
}

/** @throws TesseraError repeated_option; invalid_option for a URL that `CALLBACK_HOSTS` does not allow. */
function callbackUrlOf(raw: readonly RawOption[], jobs: Jobs): string | undefined {
  const [callbackUrl, ...more] = raw
    .filter(([name]) => name === CALLBACK_OPTION)
    .map(([, text]) => text.trim())
    .filter((text) => text !== '');
  if (more.length > 0) {
    throw new TesseraError('repeated_option', `The option "${CALLBACK_OPTION}" is given more than once.`, {
      details: { parameter: CALLBACK_OPTION },
    });
  }
  if (callbackUrl !== undefined) jobs.checkCallbackUrl(callbackUrl);
  return callbackUrl;
}

/** The values of the option `model`. Only the first engine knows them, so a request that uses the option waits for it. */
async function modelNames(raw: readonly RawOption[], { engine }: HttpContext): Promise<readonly string[]> {
  if (raw.some(([name]) => name === 'model') && engine.status().models.length === 0) await engine.ready();
  return [...new Set([...engine.status().models.map((model) => model.name), LANCZOS])];
}

function queryOptions(request: FastifyRequest): RawOption[] {
  const query = request.query as Readonly<Record<string, string | readonly string[]>>;
  return Object.entries(query).flatMap(([name, value]) =>
    [value].flat().map((text): RawOption => [name, text]),
  );
}
