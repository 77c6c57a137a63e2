import type { FallbackReason } from '../domain/types.js';
import { systemCode } from '../host/system-reason.js';
import { TileFailure } from './tile-model.js';

/**
 * Errors of the system, C++ and Node for a lack of memory, threads or processes: mmap(2), pthread_create(3) and fork(2) fail with ENOMEM
 * or EAGAIN; the codes of worker threads are on Node's page "Errors".
 */
const LACKS_MEMORY =
  /std::bad_alloc|bad allocation|ENOMEM|EAGAIN|cannot allocate memory|resource temporarily unavailable|pthread_create failed|array buffer allocation failed|ERR_WORKER_(OUT_OF_MEMORY|INIT_FAILED)|heap out of memory|fatal process oom/i;

/**
 * ONNX Runtime's node binding gives no error codes, so the reason is found in the text. Each pattern was seen in version 1.30 or is in its
 * source. A lost device comes first: its error may mention memory, but only a new process helps.
 */
const PATTERNS: readonly (readonly [RegExp, TileFailure['reason']])[] = [
  // Every later run on the device fails in this process.
  [/device (was )?lost/i, 'device_lost'],
  [/CUDA failure 700|CUDNN_STATUS_INTERNAL_ERROR/, 'device_lost'],
  // The arenas of the CPU and CUDA; allocation without an arena, and threads; JavaScript's buffers.
  [/Failed to allocate memory for requested buffer/, 'out_of_memory'],
  [LACKS_MEMORY, 'out_of_memory'],
  [/Invalid typed array length/, 'out_of_memory'],
  [/CUDA failure 2\b|CUDA out of memory|CUDNN_STATUS_ALLOC_FAILED/, 'out_of_memory'],
  [/CUBLAS failure 3\b|CUBLAS_STATUS_ALLOC_FAILED/, 'out_of_memory'],
  // WebGPU: a buffer that could not be made fails at its first use.
  [/\[Invalid Buffer/, 'out_of_memory'],
  [/Out of memory|exceeds the max buffer size limit|Failed to create GPU buffer/i, 'out_of_memory'],
];

/** @param message the text of an error from ONNX Runtime. */
export function failureReason(message: string): TileFailure['reason'] {
  return PATTERNS.find(([pattern]) => pattern.test(message))?.[1] ?? 'runtime_error';
}

const SENTENCES: Readonly<Record<TileFailure['reason'], string>> = {
  out_of_memory: 'The tile did not fit into memory.',
  device_lost: 'The device was lost.',
  invalid_output: 'The model answered with an unusable tile.',
  runtime_error: 'The model could not compute the tile.',
};

/** @returns anything thrown by a tile as a TileFailure, with the original as its cause. */
export function tileFailure(thrown: unknown): TileFailure {
  if (thrown instanceof TileFailure) return thrown;
  const reason = failureReason(messageOf(thrown));
  return new TileFailure(reason, SENTENCES[reason], { cause: thrown });
}

/** A model could not be loaded. The message is for users and names nothing internal; the cause is for the log. */
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

export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Whether memory, a thread or a process could not be allocated. */
export function lacksMemory(thrown: unknown): boolean {
  return LACKS_MEMORY.test(`${systemCode(thrown)} ${messageOf(thrown)}`);
}

/** @returns the first line of the innermost error, without the source positions that ONNX Runtime writes before it. */
export function innermostReason(thrown: unknown): string {
  const inner = thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown;
  const line = messageOf(inner).split('\n', 1)[0] ?? '';
  return line.replace(/^\/\S+\.(cc|h):\d+ .*?(was false\. |\) )/, '').slice(0, 300);
}

/** A file is not an upscaling network; the message says why. */
export class UnfitModel extends Error {
  override readonly name = 'UnfitModel';

  /** The message goes to a terminal and may contain names from the file, so control characters are replaced. */
  constructor(message: string, options?: { cause?: unknown }) {
    super(message.replace(/\p{Cc}/gu, '\ufffd'), options);
  }
}
