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

/** One request whose body is being received: one upload, however many files it turns out to hold. */
export class Upload {
  /** Of its files that have a folder, and are neither jobs nor given up yet. */
  readonly ids = new Set<string>();
  /** Places of the queue that nobody else gets: one from its beginning, one for each file once they become jobs. */
  places = 1;
  /** Its jobs are among the kept ones by now, and count there. */
  isKept = false;

  /** @param declaredBytes of all files together; undefined where the request does not say. */
  constructor(
    readonly declaredBytes: number | undefined,
    public durable: boolean,
  ) {}
}

/** The uploads that are being received, each with the disk that it was promised and a folder for each of its files. */
export class Uploads {
  readonly #open = new Set<Upload>();
  readonly #byId = new Map<string, Upload>();
  readonly #changes = new Changes();

  /** @param checkRoom whether an upload may have so many files; throws a TesseraError when not. */
  constructor(
    private readonly maxFileBytes: number,
    private readonly disk: DiskBudget,
    private readonly folders: JobFolders,
    private readonly checkRoom: (upload: Upload, files: number) => void,
  ) {}

  get count(): number {
    return this.#open.size;
  }

  /** The upload of a file that is still being received. */
  of(id: string | undefined): Upload | undefined {
    return id === undefined ? undefined : this.#byId.get(id);
  }

  /** Places of the queue that the others hold: all, or those alone whose files become durable jobs. */
  placesBeside(upload: Upload, which: 'all' | 'durable'): number {
    const others = [...this.#open].filter(
      (other) => other !== upload && (which === 'all' || (other.durable && !other.isKept)),
    );
    return others.reduce((sum, { places }) => sum + places, 0);
  }

  /** A place for the first file. @throws TesseraError queue_full, disk_full, and what `checkRoom` throws. */
  async begin(declaredBytes: number | undefined, { maxFiles, durable }: UploadOptions): Promise<Reservation> {
    const mostBytes = this.maxFileBytes * maxFiles;
    const upload = new Upload(
      declaredBytes === undefined ? undefined : Math.min(declaredBytes, mostBytes),
      durable,
    );
    this.checkRoom(upload, 1);
    this.#open.add(upload);
    return this.#place(upload);
  }

  /** All files of the upload are about to become so many durable jobs: from now on it holds a place for each. @throws as `checkRoom`. */
  takePlaces(upload: Upload, jobs: number): void {
    upload.durable = true;
    this.checkRoom(upload, jobs);
    upload.places = jobs;
  }

  /** A file has become a job, or was given up. @returns false when it was so before. */
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

  /** Resolves once none is received any more, or after the time. */
  async settled(limitMs: number): Promise<void> {
    await this.#changes.until(() => this.#open.size === 0, limitMs);
  }

  /**
   * A folder for one more file, and its disk. What Content-Length declares is enough for all files, and promised with the first;
   * without it each may be as large as any.
   */
  async #place(upload: Upload): Promise<Reservation> {
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
      return this.#place(upload);
    };
    return { id, workFolder, sourcePath: join(workFolder, SOURCE_FILE), another, release };
  }
}

/** @param seconds until there may be room. */
export function queueFull(message: string, seconds: number): TesseraError {
  const retryAfterSeconds = Math.min(MAX_RETRY_AFTER_SECONDS, Math.max(1, Math.ceil(seconds)));
  return new TesseraError('queue_full', message, { details: { retryAfterSeconds } });
}
