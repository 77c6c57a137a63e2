import type {
  Attempt,
  FallbackReason,
  NotKept,
  Provider,
  UpscalePlan,
  UpscaleProgress,
} from '../../domain/types.js';
import type { ResultFacts, Step } from '../upscaler.js';

/** What is told at the terminal, in words. */

const REASONS: Readonly<Record<FallbackReason, string>> = {
  not_installed: 'not installed',
  corrupt_model: 'damaged model file',
  unsupported_by_model: 'cannot take this picture',
  provider_unavailable: 'cannot run here',
  out_of_memory: 'out of memory',
  invalid_output: 'gave an invalid picture',
  device_lost: 'lost its device',
  engine_crash: 'crashed',
  over_time_budget: 'would take too long',
  runtime_error: 'failed while running',
};

const KEEPABLES: Readonly<Record<NotKept, string>> = {
  exif: 'EXIF, which cannot be read',
  xmp: 'XMP, which cannot be read',
  profile: 'colour profile, which pictures of this kind cannot keep',
};

/** @param bytes decimal units: "1.4 MB". */
export function bytesInWords(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  const [value, unit] = bytes < 999_500 ? [bytes / 1000, 'kB'] : [bytes / 1e6, 'MB'];
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

/** "0.3 s", "12 s", "2 min 05 s". */
export function secondsInWords(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}

export function candidateInWords(model: string, provider: Provider | undefined): string {
  return provider === undefined ? model : `${model} on ${provider}`;
}

export function stepInWords(step: Step): string {
  switch (step.kind) {
    case 'starting':
      return 'reading';
    case 'sending':
      return 'sending';
    case 'saving':
      return 'saving';
    case 'waiting':
      return step.position === undefined ? 'in the queue' : `place ${step.position} in the queue`;
    case 'busy':
      return `the service is busy, next try in ${secondsInWords(step.retrySeconds)}`;
    case 'working': {
      const { secondsLeft } = step.progress;
      const left =
        secondsLeft === undefined
          ? ''
          : `, ${secondsInWords(Math.max(1, Math.round(secondsLeft))).replace('.0', '')} left`;
      return `${stageInWords(step.progress)}${left}`;
    }
  }
}

function stageInWords(progress: UpscaleProgress): string {
  const { stage, tilesDone, tilesTotal, rowsDone, rowsTotal, bytesWritten, model } = progress;
  const row = rowsTotal === undefined ? '' : ` row ${rowsDone} of ${rowsTotal}`;
  switch (stage) {
    case 'decode':
      return `reading${row}`;
    case 'infer':
      if (tilesTotal > 0) return `tile ${Math.min(tilesDone + 1, tilesTotal)} of ${tilesTotal}`;
      return `preparing ${model ?? 'the model'}`;
    case 'resample':
      return `resampling${row}`;
    case 'encode':
      return bytesWritten === undefined ? 'writing' : `writing, ${bytesInWords(bytesWritten)} so far`;
  }
}

/** 0 to 1 of the work; undefined while it has not begun. */
export function fractionOf(step: Step): number | undefined {
  if (step.kind === 'saving') return 1;
  if (step.kind !== 'working') return undefined;
  const { stage, tilesDone, tilesTotal, rowsDone = 0, rowsTotal = 0 } = step.progress;
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

export function resultInWords(facts: ResultFacts): string {
  const { width, height, format, bytes, milliseconds, model, provider, fallback, attempts } = facts;
  const { droppedPages = 0, notKept } = facts;
  const parts = [
    `${width} x ${height}`,
    format.toUpperCase(),
    bytesInWords(bytes),
    secondsInWords(milliseconds / 1000),
    candidateInWords(model, provider),
  ];
  const why = fallback ? fallbackInWords(attempts) : undefined;
  const lost = notKept?.map((each) => KEEPABLES[each]).join(' and ');
  return (
    parts.join(', ') +
    (why === undefined ? '' : ` (a fallback: ${why})`) +
    (droppedPages === 0 ? '' : ` (the first of ${droppedPages + 1} frames or pages)`) +
    (lost === undefined ? '' : ` (without its ${lost})`)
  );
}

/** Why another candidate than the first served. A model that is merely missing is told only when there is no better reason. */
function fallbackInWords(attempts: readonly Attempt[]): string | undefined {
  const passed = attempts.filter(({ outcome }) => outcome !== 'served');
  const telling = passed.find(({ reason }) => reason !== 'not_installed') ?? passed[0];
  if (telling?.reason === undefined) return undefined;
  return `${candidateInWords(telling.model, telling.provider)} ${REASONS[telling.reason]}`;
}

export function planInWords(plan: UpscalePlan): string {
  const lines = [
    `${plan.width} x ${plan.height}, ${plan.tiles} ${plan.tiles === 1 ? 'tile' : 'tiles'}, about ${secondsInWords(plan.estimatedSeconds)}, ${bytesInWords(plan.estimatedMemoryBytes)} of memory, by ${candidateInWords(plan.model, plan.provider)}`,
    ...plan.candidates.map((candidate) => {
      const fate =
        candidate.skipReason !== undefined
          ? REASONS[candidate.skipReason]
          : candidate.estimatedSeconds === undefined
            ? 'can serve'
            : `about ${secondsInWords(candidate.estimatedSeconds)}`;
      return `  ${candidateInWords(candidate.model, candidate.provider)}: ${fate}`;
    }),
  ];
  return lines.join('\n');
}
