import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { asDiskFull } from '../../host/disk-full.js';

/** A replacement of bytes in a file. */
export interface Splice {
  readonly at: number;
  /** Number of bytes that are left out there. */
  readonly removed: number;
  readonly bytes: Buffer;
}

const PIECE_BYTES = 4_000_000;

/**
 * Changes a file in place where nothing moves, else by a copy that takes its name.
 * @param splices in the order of the file, without overlaps.
 * @returns bytes of the file.
 * @throws TesseraError disk_full.
 */
export async function splice(path: string, splices: readonly Splice[]): Promise<number> {
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    const moves = splices.some(({ at, removed, bytes }) => removed !== bytes.length && at + removed < size);
    if (!moves) {
      for (const { at, bytes } of splices) await write(file, bytes, at);
      return Math.max(size, ...splices.map(({ at, bytes }) => at + bytes.length));
    }
    return await copied(file, size, path, splices);
  } catch (error) {
    throw asDiskFull(error);
  } finally {
    await file.close();
  }
}

async function copied(
  from: FileHandle,
  size: number,
  path: string,
  splices: readonly Splice[],
): Promise<number> {
  const copyPath = `${path}.grafted`;
  const to = await open(copyPath, 'wx', 0o600);
  let written = 0;
  const append = async (bytes: Buffer) => {
    await write(to, bytes, written);
    written += bytes.length;
  };
  try {
    let at = 0;
    for (const { at: next, removed, bytes } of [
      ...splices,
      { at: size, removed: 0, bytes: Buffer.alloc(0) },
    ]) {
      while (at < next) {
        const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, next - at));
        const { bytesRead } = await from.read(piece, 0, piece.length, at);
        if (bytesRead === 0) throw new Error('The encoded file became shorter');
        await append(piece.subarray(0, bytesRead));
        at += bytesRead;
      }
      await append(bytes);
      at = next + removed;
    }
    await rename(copyPath, path);
    return written;
  } catch (error) {
    await rm(copyPath, { force: true });
    throw error;
  } finally {
    await to.close();
  }
}

async function write(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
