import type { FallbackReason } from '../domain/types.js';
import { TileFailure } from './tile-model.js';

/**
 * What the system, C++ and Node say when there is no room for memory, a thread or a process: setrlimit(2), pthread_create(3) and fork(2)
 * answer ENOMEM or EAGAIN; Node's names for a thread that did not start, or grew beyond its limit, are in its "Errors" page.
 */
const LACKS_MEMORY =
  /std::bad_alloc|bad allocation|ENOMEM|EAGAIN|cannot allocate memory|resource temporarily unavailable|pthread_create failed|array buffer allocation failed|ERR_WORKER_(OUT_OF_MEMORY|INIT_FAILED)|heap out of memory|fatal process oom/i;

/**
 * ONNX Runtime gives no error codes through its node binding, so the reason is found in the text. Each pattern was seen
 * in version 1.30 or stands in its source. Order matters: a lost device may mention memory, but only a new process helps.
 */
const PATTERNS: readonly (readonly [RegExp, TileFailure['reason']])[] = [
  // The device or its context is gone for this process: every later run on it fails too.
  [/device (was )?lost/i, 'device_lost'],
  [/CUDA failure 700|CUDNN_STATUS_INTERNAL_ERROR/, 'device_lost'],
  // The CPU arena and the CUDA arena alike; without an arena, and its threads; JavaScript's own buffers.
  [/Failed to allocate memory for requested buffer/, 'out_of_memory'],
  [LACKS_MEMORY, 'out_of_memory'],
  [/Invalid typed array length/, 'out_of_memory'],
  [/CUDA failure 2\b|CUDA out of memory|CUDNN_STATUS_ALLOC_FAILED/, 'out_of_memory'],
  [/CUBLAS failure 3\b|CUBLAS_STATUS_ALLOC_FAILED/, 'out_of_memory'],
  // WebGPU. Where a buffer could not be made, the error comes from its first use.
  [/\[Invalid Buffer/, 'out_of_memory'],
  [/Out of memory|exceeds the max buffer size limit|Failed to create GPU buffer/i, 'out_of_memory'],
];

/** @returns what kind of failure the text of an error from ONNX Runtime tells of. */
export function failureReason(message: string): TileFailure['reason'] {
  return PATTERNS.find(([pattern]) => pattern.test(message))?.[1] ?? 'runtime_error';
}

const SENTENCES: Readonly<Record<TileFailure['reason'], string>> = {
  out_of_memory: 'The tile did not fit into memory.',
  device_lost: 'The device was lost.',
  invalid_output: 'The model answered with an unusable tile.',
  runtime_error: 'The model could not compute the tile.',
};

/** Anything thrown while a tile was computed, as a TileFailure; the original stays its cause, for the log. */
export function tileFailure(thrown: unknown): TileFailure {
  if (thrown instanceof TileFailure) return thrown;
  const reason = failureReason(messageOf(thrown));
  return new TileFailure(reason, SENTENCES[reason], { cause: thrown });
}

/** Why a model could not be made ready to run. The message is for people and names nothing internal; the cause is for the log. */
export class ModelLoadError extends Error {
  override readonly name = 'ModelLoadError';
  constructor(
    readonly reason: FallbackReason,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** The text of anything thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Whether memory, or a thread or process, could not be had. */
export function lacksMemory(thrown: unknown): boolean {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  return LACKS_MEMORY.test(`${code} ${messageOf(thrown)}`);
}

/**
 * What ONNX Runtime said at the bottom of an error, in one line: without the places in its source that it names, which
 * mean nothing here.
 */
export function innermostReason(thrown: unknown): string {
  const inner = thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown;
  const line = messageOf(inner).split('\n', 1)[0] ?? '';
  return line.replace(/^\/\S+\.(cc|h):\d+ .*?(was false\. |\) )/, '').slice(0, 300);
}

/** A file that is no upscaling network, in a sentence that says why. */
export class UnfitModel extends Error {
  override readonly name = 'UnfitModel';

  /** Names from the file are in the message, which goes to a terminal: what would command it is taken out. */
  constructor(message: string, options?: { cause?: unknown }) {
    super(message.replace(/\p{Cc}/gu, '\ufffd'), options);
  }
}
