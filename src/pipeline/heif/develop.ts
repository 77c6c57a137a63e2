import { Worker } from 'node:worker_threads';
import { TesseraError } from '../../domain/errors.js';
import { hasRoomForThread } from '../../host/address-space.js';
import { asDiskFull } from '../../host/disk-full.js';
import { lacksMemory } from '../../models/failure.js';
import type { Cancellation } from '../cancellation.js';
import { Bytes } from '../containers/bytes.js';
import type { PipelineLimits } from '../limits.js';
import type { RowProgress } from '../progress/row-progress.js';
import { OutOfMemory } from '../raster/out-of-memory.js';
import { scanStructure } from '../scan/scan.js';
import type { DevelopOrder, FromDeveloping, RowsDeveloped } from './develop-thread.js';
import { checkDecoder } from './header.js';
import { type HeifPicture, readPicture } from './picture.js';
import { profileOf } from './profile.js';

const ENTRY = new URL('./develop-thread.js', import.meta.url);

/** Memory of WebAssembly before a picture: 17 MB, and room for what does not grow with it. */
const BASE_BYTES = 48e6;
/**
 * Bytes that libde265 takes per pixel of the tiles that it holds, with 8-bit samples: planes, and data of each block.
 * Measured: 4 for 4:2:0, 6 for 4:4:4; and as much again, since its allocator leaves gaps.
 */
const BYTES_PER_PIXEL = 12;
/** Heap limit of JavaScript in the thread, which holds a megabyte of rows. */
const HEAP_MB = 128;

/**
 * Decodes a HEIC into a tagged file in libvips' own format, which sharp reads like any other picture. It runs in a
 * thread that is ended with its memory, so the event loop goes on, and a cancelled or late picture stops at once.
 * @param rasterPath created by this call; removed with the job's folder.
 * @throws TesseraError corrupt_image, unsupported_image, image_too_large, disk_full, cancelled, deadline_exceeded.
 */
export async function developHeic(
  sourcePath: string,
  rasterPath: string,
  limits: PipelineLimits,
  cancellation: Cancellation,
  progress: RowProgress,
): Promise<void> {
  checkDecoder();
  // Checked again: an older version may have accepted the file before a restart.
  scanStructure(sourcePath, 'heic', limits);
  const picture = Bytes.ofFile(sourcePath, readPicture);
  const profile = picture.profile ?? (await profileOf(picture.cicp));
  cancellation.check();
  const order = { sourcePath, rasterPath, picture, profile, maxBytes: memoryFor(picture) };
  const answer = await run(order, cancellation, progress);
  cancellation.check();
  if ('refused' in answer) throw TesseraError.fromMessage(answer.refused);
  if ('failed' in answer) throw asDiskFull(new Error(answer.failed));
}

/** Memory of one row of tiles at a time, of colours and of alpha. */
function memoryFor({ colour, alpha, sixteenBit }: HeifPicture): number {
  const held = [colour, ...(alpha === undefined ? [] : [alpha])];
  const pixels = held.reduce(
    (sum, { columns, tileWidth, tileHeight }) => sum + columns * tileWidth * tileHeight,
    0,
  );
  return BASE_BYTES + pixels * BYTES_PER_PIXEL * (sixteenBit ? 2 : 1);
}

/**
 * Settles when the thread has ended.
 * @throws OutOfMemory when there is no room for a thread, or it exceeded its limit.
 */
function run(
  order: DevelopOrder,
  cancellation: Cancellation,
  progress: RowProgress,
): Promise<FromDeveloping> {
  return new Promise((resolve, reject) => {
    let answer: FromDeveloping = { failed: 'the thread was stopped' };
    let lack: OutOfMemory | undefined;
    const thread = startThread(order);
    const stop = () => void thread.terminate();
    // Timers may fire a fraction of a millisecond early.
    const timer = setTimeout(stop, Math.ceil(cancellation.msLeft) + 1);
    cancellation.signal.addEventListener('abort', stop, { once: true });
    thread.on('message', (message: FromDeveloping | RowsDeveloped) => {
      if ('rows' in message) progress.count(message.rows, order.picture.shown.height);
      else answer = message;
    });
    thread.on('error', (error) => {
      if (lacksMemory(error)) lack = new OutOfMemory(error);
      answer = { failed: String(error) };
    });
    thread.on('exit', () => {
      clearTimeout(timer);
      cancellation.signal.removeEventListener('abort', stop);
      if (lack === undefined) resolve(answer);
      else reject(lack);
    });
  });
}

/** @throws OutOfMemory */
function startThread(workerData: DevelopOrder): Worker {
  if (!hasRoomForThread()) throw new OutOfMemory(new Error('The address space has no room for a thread.'));
  try {
    return new Worker(ENTRY, {
      workerData,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
  } catch (error) {
    throw error instanceof Error && lacksMemory(error) ? new OutOfMemory(error) : error;
  }
}
