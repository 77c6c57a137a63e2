import { setTimeout as sleep } from 'node:timers/promises';
import { type ErrorCode, TesseraError } from '../../domain/errors.js';
import type { Log, UpscaleResult } from '../../domain/types.js';
import { diskFullError } from '../../host/disk-full.js';
import type { Instance } from './instance.js';
import { storageUnavailable } from './storage-error.js';

/** A check of the folder is reused for this long. */
const CHECK_INTERVAL_MS = 1000;
/** A file system that takes longer to write one byte, as on a lost network, counts as unavailable. */
const MAX_CHECK_MS = 2000;

/** Errors that an engine reports when it cannot use the folder of the job. */
const MISLEADING: ReadonlySet<ErrorCode> = new Set(['internal', 'corrupt_image', 'unsupported_image']);

/** Checks whether `TEMP_DIR` can be written, for readiness and to correct the errors of engines. */
export class StorageWatch {
  #check: { readonly atMs: number; readonly fault: Promise<string | undefined> } | undefined;
  /** The fault that was logged last. */
  #logged: string | undefined;

  constructor(
    private readonly instance: Instance,
    private readonly log: Log,
  ) {}

  /** @returns the system's reason why the folder cannot be written; undefined when it can, or when the disk is only full. */
  fault(): Promise<string | undefined> {
    const nowMs = performance.now();
    if (this.#check === undefined || nowMs - this.#check.atMs >= CHECK_INTERVAL_MS)
      this.#check = { atMs: nowMs, fault: this.#checkNow() };
    return this.#check.fault;
  }

  /** Blames the storage, not the image, when an engine could not find the source or write the result. */
  async outcomeOf(reported: UpscaleResult | TesseraError): Promise<UpscaleResult | TesseraError> {
    if (!(reported instanceof TesseraError) || !MISLEADING.has(reported.code)) return reported;
    this.#check = undefined;
    if ((await this.fault()) === undefined) return reported;
    return storageUnavailable(reported).with({ attempts: reported.attempts });
  }

  /**
   * Leaves the folder with its durable jobs to the next instance, or removes it. A failure is logged: the next sweep then
   * finds this instance dead.
   */
  async leave(withJobs: boolean): Promise<void> {
    try {
      await (withJobs ? this.instance.leave() : this.instance.remove());
    } catch (thrown) {
      this.log.warn({ err: thrown }, 'the folder of this instance could not be tidied up');
    }
  }

  async #checkNow(): Promise<string | undefined> {
    const fault = await this.#writeFault();
    if (fault !== this.#logged) {
      const folder = this.instance.tempDir;
      if (fault === undefined) this.log.info({ folder }, 'TEMP_DIR can be written again');
      else this.log.error({ folder, fault }, 'TEMP_DIR cannot be written');
    }
    this.#logged = fault;
    return fault;
  }

  async #writeFault(): Promise<string | undefined> {
    const answered = new AbortController();
    const { signal } = answered;
    const silence = sleep(MAX_CHECK_MS, `no answer within ${MAX_CHECK_MS} ms`, { ref: false, signal });
    try {
      return await Promise.race([this.instance.keepAlive().then(() => undefined), silence]);
    } catch (thrown) {
      if (diskFullError(thrown) !== undefined) return undefined;
      return thrown instanceof Error ? thrown.message : String(thrown);
    } finally {
      answered.abort();
      silence.catch(() => undefined);
    }
  }
}
