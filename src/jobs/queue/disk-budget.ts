import { statfs } from 'node:fs/promises';
import { TesseraError } from '../../domain/errors.js';

/** Left free on the file system: logs and other programs need some too. */
const HEADROOM_BYTES = 16e6;

/** The blocks in which usual file systems store files and folders: small files take much more than they hold. */
const BLOCK_BYTES = 4096;

/** Disk that job folders use or have been promised, within `MAX_JOB_DISK_MB` and what the file system has. */
export class DiskBudget {
  readonly #held = new Map<string, number>();
  #usedBytes = 0;

  constructor(
    private readonly maxBytes: number,
    private readonly folder: string,
  ) {}

  get usedBytes(): number {
    return this.#usedBytes;
  }

  get leftBytes(): number {
    return Math.max(0, this.maxBytes - this.usedBytes);
  }

  /** Records the files of a job in place of those before. @param fileBytes of each file that it has, or is promised. */
  hold(id: string, ...fileBytes: readonly number[]): void {
    this.release(id);
    const bytes = onDisk(fileBytes);
    this.#held.set(id, bytes);
    this.#usedBytes += bytes;
  }

  release(id: string): void {
    this.#usedBytes -= this.#held.get(id) ?? 0;
    this.#held.delete(id);
  }

  /** Promises a file of so many bytes to a job. @throws TesseraError disk_full, when the budget does not have them. */
  claim(id: string, bytes: number): void {
    if (onDisk([bytes]) > this.leftBytes) {
      throw diskFull('The jobs of the service use all the disk space they may; try again later.');
    }
    this.hold(id, bytes);
  }

  /** @throws TesseraError disk_full, when the file system does not have so many bytes. */
  async checkFileSystem(bytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.folder);
    if (bytes + HEADROOM_BYTES > bavail * bsize) {
      throw diskFull('The disk of the service is full; try again later.');
    }
  }
}

/** @returns bytes of the disk that a folder with such files takes. */
function onDisk(fileBytes: readonly number[]): number {
  return fileBytes.reduce((sum, bytes) => sum + BLOCK_BYTES * Math.ceil(bytes / BLOCK_BYTES), BLOCK_BYTES);
}

function diskFull(message: string): TesseraError {
  return new TesseraError('disk_full', message, { details: { retryAfterSeconds: 60 } });
}
