import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { TesseraError } from '../domain/errors.js';
import { Changes } from '../host/changes.js';
import type { Reservation, UploadOptions } from './job.js';
import type { DiskBudget } from './queue/disk-budget.js';
import type { JobFolders } from './store/job-folders.js';
import { storageError } from './store/storage-error.js';
import { SOURCE_FILE } from './upscale-job.js';

const MAX_RETRY_AFTER_SECONDS = 3600;

/** One request whose body is being received, with all of its files. */
export class Upload {
  /** Files that have a folder and are neither submitted nor released yet. */
  readonly ids = new Set<string>();
  /** Reserved places in the queue: one from the beginning, one for each file once the files become jobs. */
  places = 1;
  /** The jobs of this upload are counted among the durable jobs. */
  isStored = false;

  /** @param declaredBytes of all files together; undefined without Content-Length. */
  constructor(
    readonly declaredBytes: number | undefined,
    public durable: boolean,
  ) {}
}

/** The uploads that are being received: their disk reservation, and a folder for each file. */
export class Uploads {
  readonly #open = new Set<Upload>();
  readonly #byId = new Map<string, Upload>();
  readonly #changes = new Changes();

  /** @param checkRoom throws a TesseraError when the upload may not have so many files. */
  constructor(
    private readonly maxFileBytes: number,
    private readonly disk: DiskBudget,
    private readonly folders: JobFolders,
    private readonly checkRoom: (upload: Upload, files: number) => void,
  ) {}

  get count(): number {
    return this.#open.size;
  }

  /** The upload of a file that is neither submitted nor released. */
  of(id: string | undefined): Upload | undefined {
    return id === undefined ? undefined : this.#byId.get(id);
  }

  /** Places in the queue that the other uploads reserve: all, or only those for durable jobs that are not stored yet. */
  placesBeside(upload: Upload, which: 'all' | 'durable'): number {
    let places = 0;
    for (const other of this.#open)
      if (other !== upload && (which === 'all' || (other.durable && !other.isStored))) places += other.places;
    return places;
  }

  /** Reserves the first file. @throws TesseraError queue_full, disk_full, and what `checkRoom` throws. */
  async begin(declaredBytes: number | undefined, { maxFiles, durable }: UploadOptions): Promise<Reservation> {
    const maxBytes = this.maxFileBytes * maxFiles;
    const upload = new Upload(
      declaredBytes === undefined ? undefined : Math.min(declaredBytes, maxBytes),
      durable,
    );
    this.checkRoom(upload, 1);
    this.#open.add(upload);
    return this.#reserve(upload);
  }

  /** Reserves a place in the queue for each durable job that the upload becomes. @throws what `checkRoom` throws. */
  takePlaces(upload: Upload, jobs: number): void {
    upload.durable = true;
    this.checkRoom(upload, jobs);
    upload.places = jobs;
  }

  /** Ends the reservation of a file that was submitted or released. @returns false when it had ended before. */
  leave(id: string): boolean {
    const upload = this.#byId.get(id);
    if (upload === undefined) return false;
    this.#byId.delete(id);
    upload.ids.delete(id);
    upload.places = Math.min(upload.places, upload.ids.size);
    if (upload.ids.size === 0) this.#open.delete(upload);
    this.#changes.announce();
    return true;
  }

  /** Resolves when no upload is being received, or after the time limit. */
  async settled(limitMs: number): Promise<void> {
    await this.#changes.until(() => this.#open.size === 0, limitMs);
  }

  /**
   * Makes a folder for one more file and reserves its disk. The first file reserves the Content-Length for all files;
   * without a Content-Length each file reserves the largest size allowed.
   */
  async #reserve(upload: Upload): Promise<Reservation> {
    const id = randomBytes(16).toString('base64url');
    const workFolder = this.folders.pathOf(id);
    const isFirst = upload.ids.size === 0;
    upload.ids.add(id);
    this.#byId.set(id, upload);
    const release = async () => {
      if (!this.leave(id)) return;
      this.disk.release(id);
      await this.folders.remove(id);
    };
    try {
      const bytes = upload.declaredBytes ?? this.maxFileBytes;
      const claims = isFirst || upload.declaredBytes === undefined;
      this.disk.claim(id, claims ? bytes : 0);
      await this.folders.create(id);
      if (claims) await this.disk.checkFileSystem(bytes);
    } catch (thrown) {
      await release();
      throw storageError(thrown) ?? thrown;
    }
    const another = async () => {
      this.checkRoom(upload, upload.ids.size + 1);
      return this.#reserve(upload);
    };
    return { id, workFolder, sourcePath: join(workFolder, SOURCE_FILE), another, release };
  }
}

/** @param seconds until there may be room. */
export function queueFull(message: string, seconds: number): TesseraError {
  const retryAfterSeconds = Math.min(MAX_RETRY_AFTER_SECONDS, Math.max(1, Math.ceil(seconds)));
  return new TesseraError('queue_full', message, { details: { retryAfterSeconds } });
}
