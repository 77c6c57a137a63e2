import { open, readdir, readFile, stat } from 'node:fs/promises';
import { UnfitModel } from '../failure.js';
import { foreignFile } from './foreign-file.js';
import { gatherWeights, MAX_FILE_BYTES, refuseTooLarge } from './gather-weights.js';

/** Enough to recognise a file that is too large to be ONNX. */
const BEGINNING_BYTES = 65_536;
const MAX_NAMES = 5;

/**
 * Reads an ONNX file from anywhere, with the weights that lie beside it.
 * @returns the whole network in pieces.
 * @throws UnfitModel for whatever is no ONNX file, by its kind; the file system's errors.
 */
export async function readNetwork(file: string): Promise<readonly Uint8Array[]> {
  const { size, ...stats } = await stat(file).then((found) => ({
    size: found.size,
    isFolder: found.isDirectory(),
    isFile: found.isFile(),
  }));
  if (stats.isFolder) throw await folderGiven(file);
  if (!stats.isFile) throw new UnfitModel('It is no file that can be read from its beginning to its end.');
  if (size > MAX_FILE_BYTES) {
    const foreign = foreignFile(await beginningOf(file), file, false);
    if (foreign !== undefined) throw new UnfitModel(foreign);
    refuseTooLarge(size);
  }
  const bytes = await readFile(file);
  const foreign = foreignFile(bytes, file);
  if (foreign !== undefined) throw new UnfitModel(foreign);
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
