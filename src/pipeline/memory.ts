import { TesseraError } from '../errors.js';

/** Memory ran out outside of the network: while an image was decoded, held or encoded. Nothing is wrong with the image. */
export class OutOfMemory extends Error {
  override readonly name = 'OutOfMemory';

  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}

/** libvips' own words, C++'s, the system's and JavaScript's. */
const OWN_WORDS =
  /out of memory -- size|bad_alloc|ENOMEM|cannot allocate memory|array buffer allocation failed/i;
/** The encoders' words. Those of decoders are not trusted: what a damaged file asks for also cannot be allocated. */
const ENCODERS_WORDS = /failed to allocate|memory allocation error|out[ _]of[ _]memory/i;

/** Whether memory ran out while a file was decoded, rather than the file being damaged. */
export function decoderLacksMemory(thrown: unknown): boolean {
  return thrown instanceof Error && OWN_WORDS.test(textOf(thrown));
}

/** What a failure after decoding means: OutOfMemory, or what was thrown. */
export function memoryError(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || thrown instanceof TesseraError) return thrown;
  const text = textOf(thrown);
  return OWN_WORDS.test(text) || ENCODERS_WORDS.test(text) ? new OutOfMemory(thrown) : thrown;
}

function textOf(error: Error): string {
  return `${'code' in error ? String(error.code) : ''} ${error.message}`;
}
