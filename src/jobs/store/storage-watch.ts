import { setTimeout as sleep } from 'node:timers/promises';
import { type ErrorCode, TesseraError } from '../../domain/errors.js';
import type { Log, UpscaleResult } from '../../domain/types.js';
import { diskFullError } from '../../host/disk-full.js';
import type { Instance } from './instance.js';
import { storageUnavailable } from './storage-error.js';

/** Whether the folder can be written is looked at this often at most. */
const LOOK_EVERY_MS = 1000;
/** A file system that takes longer than this to take a byte, as one on a lost network does, is none. */
const MAX_LOOK_MS = 2000;

/** How a run may end whose folder cannot be used. */
const MISTAKEN: ReadonlySet<ErrorCode> = new Set(['internal', 'corrupt_image', 'unsupported_image']);

/** Whether `TEMP_DIR` can be written, for readiness and for who is to blame. */
export class StorageWatch {
  #looked: { readonly atMs: number; readonly fault: Promise<string | undefined> } | undefined;
  /** The last that was told to the log. */
  #told: string | undefined;

  constructor(
    private readonly instance: Instance,
    private readonly log: Log,
  ) {}

  /** @returns why nothing can be written now, in the system's words; undefined while it can. A full disk is none: it empties by itself. */
  fault(): Promise<string | undefined> {
    const nowMs = performance.now();
    if (this.#looked === undefined || nowMs - this.#looked.atMs >= LOOK_EVERY_MS)
      this.#looked = { atMs: nowMs, fault: this.#look() };
    return this.#looked.fault;
  }

  /** What an engine says of a picture that it could not find, or of a result that it could not write, is not the picture's fault. */
  async outcomeOf(said: UpscaleResult | TesseraError): Promise<UpscaleResult | TesseraError> {
    if (!(said instanceof TesseraError) || !MISTAKEN.has(said.code)) return said;
    this.#looked = undefined;
    return (await this.fault()) === undefined
      ? said
      : storageUnavailable(said).with({ attempts: said.attempts });
  }

  /** The end: leaves the folder to whoever starts next, or removes it. Where it cannot be written, whoever sweeps next finds us dead. */
  async leave(withJobs: boolean): Promise<void> {
    try {
      await (withJobs ? this.instance.leave() : this.instance.remove());
    } catch (thrown) {
      this.log.warn({ err: thrown }, 'the folder of this instance could not be tidied up');
    }
  }

  async #look(): Promise<string | undefined> {
    const fault = await this.#faultOfWriting();
    if (fault !== this.#told) {
      const folder = this.instance.tempDir;
      if (fault === undefined) this.log.info({ folder }, 'TEMP_DIR can be written again');
      else this.log.error({ folder, fault }, 'TEMP_DIR cannot be written');
    }
    this.#told = fault;
    return fault;
  }

  async #faultOfWriting(): Promise<string | undefined> {
    const answered = new AbortController();
    const { signal } = answered;
    const silence = sleep(MAX_LOOK_MS, `no answer within ${MAX_LOOK_MS} ms`, { ref: false, signal });
    try {
      return await Promise.race([this.instance.keep().then(() => undefined), silence]);
    } catch (thrown) {
      if (diskFullError(thrown) !== undefined) return undefined;
      return thrown instanceof Error ? thrown.message : String(thrown);
    } finally {
      answered.abort();
      silence.catch(() => undefined);
    }
  }
}
