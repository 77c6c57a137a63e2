import { open, readdir, readFile, stat } from 'node:fs/promises';
import { UnfitModel } from '../failure.js';
import { foreignFile } from './foreign-file.js';
import { gatherWeights, MAX_FILE_BYTES, refuseTooLarge } from './gather-weights.js';

/** Enough to recognise the kind of a file that is too large for ONNX. */
const BEGINNING_BYTES = 65_536;
const MAX_NAMES = 5;

/**
 * Reads an ONNX file with its external weights.
 * @returns the whole network in pieces.
 * @throws UnfitModel naming the kind of a file that is not ONNX; the file system's errors.
 */
export async function readNetwork(file: string): Promise<readonly Uint8Array[]> {
  const stats = await stat(file);
  if (stats.isDirectory()) throw await folderGiven(file);
  if (!stats.isFile()) throw new UnfitModel('It is no file that can be read from its beginning to its end.');
  const isWhole = stats.size <= MAX_FILE_BYTES;
  const bytes = isWhole ? await readFile(file) : await beginningOf(file);
  const foreign = foreignFile(bytes, file, isWhole);
  if (foreign !== undefined) throw new UnfitModel(foreign);
  refuseTooLarge(stats.size);
  return gatherWeights(bytes, file);
}

async function folderGiven(folder: string): Promise<UnfitModel> {
  const names = (await readdir(folder)).filter((name) => /\.onnx$/i.test(name)).sort();
  const some = names.slice(0, MAX_NAMES).join(', ');
  const rest = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : '';
  return new UnfitModel(
    names.length === 0
      ? 'It is a folder, and no .onnx file is in it. Name the ONNX file itself.'
      : `It is a folder. Name the ONNX file in it: ${some}${rest}.`,
  );
}

async function beginningOf(file: string): Promise<Uint8Array> {
  const opened = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await opened.read(Buffer.alloc(BEGINNING_BYTES), 0, BEGINNING_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await opened.close();
  }
}
