import type { Attempt, FallbackReason, NotKept, UpscaleProgress } from '../../../domain/types.js';

/** Numbers, stages and reasons in words, for the page and the command line. A no-break space joins a number and its unit. */
export const NBSP = '\u00a0';

/** In decimal units: "1.4 MB". */
export function bytesInWords(bytes: number): string {
  if (bytes < 1000) return `${bytes}${NBSP}bytes`;
  const [value, unit] = bytes < 999_500 ? [bytes / 1000, 'kB'] : [bytes / 1e6, 'MB'];
  return `${value < 10 ? value.toFixed(1) : Math.round(value)}${NBSP}${unit}`;
}

/** "0.3 s", "12 s", "2 min 05 s". */
export function secondsInWords(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)}${NBSP}s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}${NBSP}s`;
  return `${Math.floor(whole / 60)}${NBSP}min ${String(whole % 60).padStart(2, '0')}${NBSP}s`;
}

/** "7 s left", in whole seconds. */
export function timeLeftInWords(seconds: number): string {
  return `${secondsInWords(Math.max(1, Math.round(seconds))).replace('.0', '')} left`;
}

/** Behind the name of a candidate. */
export const REASON_WORDS: Readonly<Record<FallbackReason, string>> = {
  not_installed: 'is not installed',
  corrupt_model: 'has a damaged model file',
  unsupported_by_model: 'cannot take this picture',
  provider_unavailable: 'cannot run here',
  out_of_memory: 'ran out of memory',
  invalid_output: 'gave an invalid picture',
  device_lost: 'lost its device',
  engine_crash: 'crashed',
  over_time_budget: 'would take too long',
  runtime_error: 'failed while running',
};

export const KEEPABLE_WORDS: Readonly<Record<NotKept, string>> = {
  exif: 'EXIF, which cannot be read',
  xmp: 'XMP, which cannot be read',
  profile: 'colour profile, converted to sRGB',
};

/** The attempt that explains a fallback. A missing model explains it only when no other candidate failed or was skipped. */
export function causeOfFallback(attempts: readonly Attempt[]): Attempt | undefined {
  const passed = attempts.filter(({ outcome }) => outcome !== 'served');
  return passed.find(({ reason }) => reason !== 'not_installed') ?? passed[0];
}

/** The stage of a job in lower case, with tiles, rows or bytes where the stage counts them. @param titleOf model name → title */
export function stageInWords(
  { stage, tilesDone, tilesTotal, rowsDone, rowsTotal, bytesWritten, model }: UpscaleProgress,
  titleOf = (name: string) => name,
): string {
  const row = rowsTotal === undefined ? '' : ` row ${rowsDone} of ${rowsTotal}`;
  switch (stage) {
    case 'decode':
      return `reading${row}`;
    case 'infer':
      if (tilesTotal > 0) return `tile ${Math.min(tilesDone + 1, tilesTotal)} of ${tilesTotal}`;
      return `preparing ${model === undefined ? 'the model' : titleOf(model)}`;
    case 'resample':
      return `resampling${row}`;
    case 'encode':
      return `writing${bytesWritten === undefined ? '' : `, ${bytesInWords(bytesWritten)} so far`}`;
  }
}

/** The share of the work that is done, 0 to 1: tiles or rows, with a little kept for writing. */
export function shareDone({
  stage,
  tilesDone,
  tilesTotal,
  rowsDone = 0,
  rowsTotal = 0,
}: UpscaleProgress): number {
  switch (stage) {
    case 'decode':
      return 0;
    case 'infer':
      return 0.97 * (tilesDone / Math.max(1, tilesTotal));
    case 'resample':
      return 0.97 * (rowsDone / Math.max(1, rowsTotal));
    case 'encode':
      return 0.97;
  }
}
