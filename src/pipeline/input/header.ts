import { open } from 'node:fs/promises';
import sharp, { type Metadata } from 'sharp';
import { TesseraError } from '../../domain/errors.js';
import type { ImageHeader, InputFormat } from '../../domain/types.js';
import { readHeicHeader } from '../heif/header.js';
import type { FileFacts } from '../image-facts.js';
import { checkInputSize, type PipelineLimits } from '../limits.js';
import { decoderLacksMemory } from '../raster/out-of-memory.js';
import { damaged, unusual } from '../refusals.js';
import { scanStructure } from '../scan/scan.js';
import { BMP_HEADER_BYTES, readBmpHeader } from './bmp.js';
import { SNIFF_BYTES, sniff } from './sniff.js';
import { sharpSource } from './source.js';

async function readHead(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const head = Buffer.alloc(Math.max(SNIFF_BYTES, BMP_HEADER_BYTES));
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    return head.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/**
 * Reads the header of an image, before a pixel is decoded or memory for one is allocated.
 * @throws TesseraError unsupported_image, corrupt_image, image_too_large.
 */
export async function readHeader(path: string, limits: PipelineLimits): Promise<ImageHeader> {
  const head = await readHead(path);
  const format = sniff(head);
  if (format === 'bmp') {
    const bmp = readBmpHeader(head);
    checkInputSize(bmp.width, bmp.height, limits);
    return {
      format,
      width: bmp.width,
      height: bmp.height,
      hasAlpha: bmp.masks[3] !== 0,
      sixteenBit: false,
      pages: 1,
    };
  }
  if (format === 'heic') return readHeicHeader(path, limits);
  const facts = scanStructure(path, format, limits);
  const metadata = await readMetadata(path, format, facts);
  const { width, height } = metadata.autoOrient;
  checkInputSize(width, height, limits);
  if (metadata.depth !== 'uchar' && metadata.depth !== 'ushort')
    throw new TesseraError(
      'unsupported_image',
      `Images of ${metadata.depth} samples are not supported; accepted are 1 to 16 bits per channel.`,
      { details: { parameter: 'file', accepted: '1 to 16 bits per channel' } },
    );
  return {
    format,
    width,
    height,
    hasAlpha: facts.covered !== undefined || (metadata.hasAlpha && facts.alphaChannel !== 'none'),
    sixteenBit: metadata.depth === 'ushort',
    pages: Math.max(facts.pages ?? 1, metadata.pages ?? 1),
  };
}

async function readMetadata(path: string, format: InputFormat, facts: FileFacts): Promise<Metadata> {
  try {
    return await sharp(await sharpSource(path, facts), { limitInputPixels: false }).metadata();
  } catch (error) {
    if (!decoderLacksMemory(error)) throw corruptImage(format, error);
    const sentence = `Reading the header of this ${format.toUpperCase()} image takes more memory than any usual image does.`;
    throw unusual(sentence, String(error));
  }
}

/** Converts a decoder's error. Its text is only for the log, because it may name paths. */
export function corruptImage(format: string, error: unknown): TesseraError {
  return damaged(format.toUpperCase(), error instanceof Error ? error.message : String(error), error);
}
