import { type FileHandle, open, realpath } from 'node:fs/promises';
import { dirname, relative, resolve, sep, win32 } from 'node:path';
import { systemCode, systemReason } from '../../host/system-reason.js';
import { messageOf, UnfitModel } from '../failure.js';
import { type ExternalTensor, externalTensors, otherFiles, weightsWithin } from './external-data.js';

/** An ONNX file is one protobuf message, and this is protobuf's limit. */
export const MAX_FILE_BYTES = 2 ** 31 - 1;

/**
 * Copies external data into the network's own file. ONNX Runtime cannot: its `optimizedModelFilePath` keeps the external files and writes another
 * graph. Only files in the model's folder and below it are read.
 * @param bytes the ONNX file's content. @param file its path.
 * @returns the file in pieces; `bytes` alone when there is no external data, or `bytes` is not ONNX.
 * @throws UnfitModel
 */
export async function gatherWeights(bytes: Uint8Array, file: string): Promise<readonly Uint8Array[]> {
  if (otherFiles(bytes) !== 'named') return [bytes];
  const byLocation = new Map<string, ExternalTensor[]>();
  for (const tensor of externalTensors(bytes))
    byLocation.set(tensor.location, [...(byLocation.get(tensor.location) ?? []), tensor]);
  let totalBytes = bytes.length;
  for (const [location, tensors] of byLocation)
    await besideFile(location, file, async (opened) => {
      const { size } = await opened.stat();
      for (const tensor of tensors) totalBytes += lengthOf(tensor, size);
      refuseTooLarge(totalBytes);
    });
  const samples = new Map<number, Uint8Array>();
  for (const [location, tensors] of byLocation)
    await besideFile(location, file, async (opened) => {
      const { size } = await opened.stat();
      for (const tensor of tensors)
        samples.set(tensor.from, await readFully(opened, tensor.offset, lengthOf(tensor, size), location));
    });
  return weightsWithin(bytes, samples);
}

async function besideFile(
  location: string,
  file: string,
  use: (opened: FileHandle) => Promise<void>,
): Promise<void> {
  const opened = await openBeside(location, file);
  try {
    await use(opened);
  } finally {
    await opened.close();
  }
}

/** @throws UnfitModel for a network larger than an ONNX file can be. */
export function refuseTooLarge(bytes: number): void {
  if (bytes > MAX_FILE_BYTES)
    throw new UnfitModel(
      'It is larger than 2 GB, with its weights, which is the most that an ONNX file can hold. Export it in half precision (float16), or take a smaller network.',
    );
}

async function openBeside(location: string, file: string): Promise<FileHandle> {
  const folder = dirname(file);
  const path = resolve(folder, location);
  if (location === '')
    throw new UnfitModel('It says that weights are in another file, but not in which. Export it again.');
  if (/\p{Cc}/u.test(location) || win32.isAbsolute(location) || !isBelow(folder, path))
    throw leaves(location);
  try {
    // Download caches make links of the model and its weights: a link may lead to the folder of the model's real file, and nowhere else.
    const real = await realpath(path);
    if (!isBelow(await realpath(folder), real) && !isBelow(dirname(await realpath(file)), real))
      throw leaves(location);
    const opened = await open(real, 'r');
    if ((await opened.stat()).isFile()) return opened;
    await opened.close();
    throw new UnfitModel(`Its weights should be in ${location}, but that is no file.`);
  } catch (error) {
    if (error instanceof UnfitModel) throw error;
    throw new UnfitModel(
      systemCode(error) === 'ENOENT'
        ? `Its weights are in another file, ${location}, and that is not there. Put it into ${folder}, under that name.`
        : `Its weights are in another file, ${location}, and that cannot be read: ${systemReason(error) ?? messageOf(error)}.`,
      { cause: error },
    );
  }
}

function leaves(location: string): UnfitModel {
  return new UnfitModel(
    `It names the file ${location} for its weights. Only files in the folder of the network, or below it, are read: put it there, and export the network again.`,
  );
}

function isBelow(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && resolve(folder, way) === path;
}

function lengthOf({ location, offset, length }: ExternalTensor, size: number): number {
  const end = offset + (length ?? Math.max(0, size - offset));
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(end) || offset < 0 || end < offset)
    throw new UnfitModel(`It says in no usable way where in ${location} its weights lie. Export it again.`);
  if (end > size)
    throw new UnfitModel(
      `Its weights are in another file, ${location}, which is cut off, or that of another network: it has ${size} bytes where at least ${end} are needed. Download it again.`,
    );
  return end - offset;
}

async function readFully(
  file: FileHandle,
  offset: number,
  length: number,
  location: string,
): Promise<Uint8Array> {
  const bytes = Buffer.alloc(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) throw new UnfitModel(`${location} became shorter while it was read. Try again.`);
    done += bytesRead;
  }
  return bytes;
}
