import { TesseraError } from '../../domain/errors.js';
import { lacksMemory } from '../../models/failure.js';

/** Memory ran out outside of the network: while an image was decoded, held or encoded. The image is not at fault. */
export class OutOfMemory extends Error {
  override readonly name = 'OutOfMemory';

  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}

const LIBVIPS_WORDS = /out of memory -- size/i;
/** Messages of encoders. Those of decoders are not trusted: a damaged file may also ask for too much memory. */
const ENCODERS_WORDS = /failed to allocate|memory allocation error|out[ _]of[ _]memory/i;

/** Whether memory ran out while a file was decoded, and the file is not damaged. */
export function decoderLacksMemory(thrown: unknown): boolean {
  return thrown instanceof Error && (LIBVIPS_WORDS.test(thrown.message) || lacksMemory(thrown));
}

/** @returns OutOfMemory for a failure after decoding that means it, else what was thrown. */
export function memoryError(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || thrown instanceof TesseraError) return thrown;
  return decoderLacksMemory(thrown) || ENCODERS_WORDS.test(thrown.message) ? new OutOfMemory(thrown) : thrown;
}
