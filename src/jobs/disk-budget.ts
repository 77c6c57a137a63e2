import { statfs } from 'node:fs/promises';
import { TesseraError } from '../errors.js';

/** Left free on the file system beyond what a job asks for: logs and other programs need some too. */
const HEADROOM_BYTES = 16e6;

/** Disk that job folders use or have been promised, within `MAX_JOB_DISK_MB` and what the file system has. */
export class DiskBudget {
  readonly #held = new Map<string, number>();

  constructor(
    private readonly maxBytes: number,
    private readonly folder: string,
  ) {}

  get usedBytes(): number {
    let sum = 0;
    for (const bytes of this.#held.values()) sum += bytes;
    return sum;
  }

  get leftBytes(): number {
    return Math.max(0, this.maxBytes - this.usedBytes);
  }

  /** Notes what a job holds now. */
  hold(id: string, bytes: number): void {
    this.#held.set(id, bytes);
  }

  release(id: string): void {
    this.#held.delete(id);
  }

  /** Promises so many bytes to a job. @throws TesseraError disk_full, when the budget does not have them. */
  claim(id: string, bytes: number): void {
    if (bytes > this.leftBytes) {
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

function diskFull(message: string): TesseraError {
  return new TesseraError('disk_full', message, { details: { retryAfterSeconds: 60 } });
}
