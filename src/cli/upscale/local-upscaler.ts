import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, lstat, mkdir, mkdtemp, rmdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Logger } from 'pino';
import type { Config } from '../../config/config.js';
import { LANCZOS, type UpscaleOptions, type UpscalePlan } from '../../domain/types.js';
import type { JobRequest, Reservation } from '../../jobs/job.js';
import { parseOptions, type RawOption } from '../../options/parse-options.js';
import { withModel } from '../../options/purposes.js';
import { createServices, type Services } from '../../services.js';
import { openPicture, type Picture } from '../picture.js';
import type { Finished, UpscaleHooks, Upscaler } from '../upscaler.js';

/** Few pictures are at work at the same time: one process reads their headers. */
const HEADER_PROCESSES = 1;

/** Enlarges pictures with the service's own pipeline, admission and limits in this process tree, without HTTP. */
export class LocalUpscaler implements Upscaler {
  private constructor(
    private readonly services: Services,
    private readonly options: UpscaleOptions,
    private readonly folder: string,
  ) {}

  /**
   * Starts the engines and waits for the first one.
   * @param raw options as typed; only an engine knows the names of models.
   * @throws TesseraError invalid_option, engine_unavailable; the signal's reason.
   */
  static async start(
    config: Config,
    raw: readonly RawOption[],
    log: Logger,
    environment: Readonly<Record<string, string | undefined>>,
    signal: AbortSignal,
  ): Promise<LocalUpscaler> {
    const folder = await privateFolder();
    const services = await createServices(
      { ...config, TEMP_DIR: folder },
      log,
      environment,
      HEADER_PROCESSES,
    );
    try {
      signal.throwIfAborted();
      await Promise.race([services.engine.ready(), once(signal, 'abort')]);
      signal.throwIfAborted();
      const { models } = services.engine.status();
      const names = models.map(({ name }) => name);
      const { upscale } = parseOptions(raw, [...new Set([...names, LANCZOS])], [], config);
      return new LocalUpscaler(services, withModel(upscale, models), folder);
    } catch (error) {
      await leave(services, folder);
      throw error;
    }
  }

  async upscale(picture: Picture, { signal, onStep }: UpscaleHooks): Promise<Finished> {
    onStep({ kind: 'starting' });
    const { reservation, request } = await this.#admit(picture, signal);
    const job = this.services.jobs.submit(reservation, request);
    const cancel = () => job.cancel();
    const tell = () => {
      if (job.progress !== undefined) onStep({ kind: 'working', progress: job.progress });
      else if (job.position !== undefined) onStep({ kind: 'waiting', position: job.position });
    };
    const stopTelling = job.onChange(tell);
    signal.addEventListener('abort', cancel);
    if (signal.aborted) cancel();
    try {
      const { timings, ...facts } = await job.settled;
      const milliseconds = (job.endedAtMs ?? Date.now()) - request.uploadedAtMs;
      return {
        facts: { ...facts, milliseconds },
        open: async () => createReadStream(job.resultPath),
        dispose: () => job.dispose(),
      };
    } finally {
      stopTelling();
      signal.removeEventListener('abort', cancel);
    }
  }

  async plan(picture: Picture, { signal }: UpscaleHooks): Promise<UpscalePlan> {
    const { reservation, request } = await this.#admit(picture, signal);
    try {
      return await this.services.engine.plan(request);
    } finally {
      await reservation.release();
    }
  }

  /** Cancels running jobs. */
  async close(): Promise<void> {
    await leave(this.services, this.folder);
  }

  async #admit(
    picture: Picture,
    signal: AbortSignal,
  ): Promise<{ reservation: Reservation; request: JobRequest }> {
    const { jobs, inspectImage } = this.services;
    const declaredBytes = picture.path === undefined ? undefined : (await stat(picture.path)).size;
    const reservation = await jobs.reserve(declaredBytes);
    try {
      const copy = createWriteStream(reservation.sourcePath, { flags: 'wx', mode: 0o600 });
      await pipeline(openPicture(picture), copy, { signal });
      const request: JobRequest = {
        header: await inspectImage(reservation.sourcePath, this.options),
        options: this.options,
        sourceBytes: copy.bytesWritten,
        uploadedAtMs: Date.now(),
      };
      return { reservation, request };
    } catch (error) {
      await reservation.release();
      throw error;
    }
  }
}

/** Ends the services, and removes the folder unless another command uses it. */
async function leave(services: Services, folder: string): Promise<void> {
  await services.close(0);
  await rmdir(folder).catch(() => undefined);
}

/**
 * Makes the folder for the job folders of the command line: never the service's `TEMP_DIR`, whose abandoned jobs this process
 * would take over. All runs of a user share one folder, so that the next run removes the remains of a killed one.
 */
async function privateFolder(): Promise<string> {
  const owner = process.getuid?.();
  const shared = join(tmpdir(), `tessera-cli-${owner ?? 'user'}`);
  await mkdir(shared, { mode: 0o700 }).catch(() => undefined);
  const stats = await lstat(shared).catch(() => undefined);
  const isOurs = stats?.isDirectory() === true && (owner === undefined || stats.uid === owner);
  // Another user made it first, in a folder that all users may write to.
  if (!isOurs) return mkdtemp(join(tmpdir(), 'tessera-cli-'));
  await chmod(shared, 0o700);
  return shared;
}
