/** Numbers and reasons in plain words. Pure: no DOM, so that tests run them as they are. */

/**
 * @typedef {import('./jobs/api.js').Job} Job
 * @typedef {Job['attempts'][number]} Attempt
 * @typedef {(name: string) => string} TitleOf model name → title
 */

const NBSP = '\u00a0';

export const CONNECTION_LOST = 'The connection to the service is lost. Trying again.';

/**
 * @param {number} bytes
 * @returns {string} decimal units: "1.4 MB".
 */
export function bytesInWords(bytes) {
  if (bytes < 1000) return `${bytes}${NBSP}bytes`;
  const [value, unit] = bytes < 999_500 ? [bytes / 1000, 'kB'] : [bytes / 1e6, 'MB'];
  return `${value < 10 ? value.toFixed(1) : Math.round(value)}${NBSP}${unit}`;
}

/**
 * @param {number} ms
 * @returns {string} "0.3 s", "12 s", "2 min 05 s".
 */
export function durationInWords(ms) {
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)}${NBSP}s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds}${NBSP}s`;
  return `${Math.floor(seconds / 60)}${NBSP}min ${String(seconds % 60).padStart(2, '0')}${NBSP}s`;
}

/**
 * @param {number} width
 * @param {number} height
 */
export function sizeInWords(width, height) {
  return `${width}${NBSP}×${NBSP}${height}`;
}

/** @type {Record<string, string>} */
const PROVIDER_WORDS = {
  cuda: 'the NVIDIA GPU',
  webgpu: 'the GPU (WebGPU)',
  coreml: 'Core ML',
  dml: 'the GPU (DirectML)',
  cpu: 'the CPU',
};

/**
 * @param {string} title
 * @param {string | undefined} provider undefined: no network ran (Lanczos).
 */
export function candidateInWords(title, provider) {
  return provider === undefined ? title : `${title} on ${PROVIDER_WORDS[provider] ?? provider}`;
}

/** @type {Record<string, string>} */
const REASON_WORDS = {
  not_installed: 'is not installed',
  corrupt_model: 'has a damaged model file',
  unsupported_by_model: 'cannot take this picture',
  provider_unavailable: 'cannot run here',
  out_of_memory: 'ran out of memory',
  invalid_output: 'gave an invalid picture',
  device_lost: 'lost its device',
  engine_crash: 'crashed',
  over_time_budget: 'would have taken too long',
  runtime_error: 'failed while running',
};

/**
 * @param {Attempt} attempt
 * @param {TitleOf} titleOf
 * @returns {string} one sentence.
 */
export function attemptInWords(attempt, titleOf) {
  const candidate = candidateInWords(titleOf(attempt.model), attempt.provider);
  const tile = attempt.tileSizePx === undefined ? '' : ` with tiles of ${attempt.tileSizePx}${NBSP}px`;
  if (attempt.outcome === 'served') return `${candidate} served it${tile} in ${durationInWords(attempt.ms)}.`;
  const reason = REASON_WORDS[attempt.reason ?? ''] ?? 'did not serve';
  const spent = attempt.outcome === 'failed' ? `${tile}, after ${durationInWords(attempt.ms)}` : '';
  return `${candidate} ${reason}${spent}${detailInWords(attempt)}.`;
}

/**
 * @param {Attempt} attempt
 * @returns {string} the end of its sentence: what the service says beyond the reason.
 */
function detailInWords({ reason, detail }) {
  // That one says the same again.
  if (detail === undefined || reason === 'not_installed') return '';
  const text = detail.trim().replace(/\.$/, '');
  return `: ${/^(A|An|It|No|The|This) /.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text}`;
}

/**
 * @param {readonly Attempt[]} attempts
 * @param {TitleOf} titleOf
 * @returns {string} why another model than the first served: one sentence; empty when nothing tells.
 */
export function fallbackInWords(attempts, titleOf) {
  const passed = attempts.filter((attempt) => attempt.outcome !== 'served');
  const telling = passed.find((attempt) => attempt.reason !== 'not_installed') ?? passed[0];
  if (telling === undefined) return '';
  const candidate = candidateInWords(titleOf(telling.model), telling.provider);
  return `A fallback served it: ${candidate} ${REASON_WORDS[telling.reason ?? ''] ?? 'did not serve'}.`;
}

/** @type {Readonly<Record<string, string>>} */
const KEEPABLE_WORDS = {
  exif: 'EXIF (unreadable)',
  xmp: 'XMP (unreadable)',
  profile: 'colour profile (converted)',
};

/**
 * @param {readonly string[]} notKept what was asked for and the result lacks.
 * @returns {string}
 */
export function notKeptInWords(notKept) {
  return notKept.map((each) => KEEPABLE_WORDS[each] ?? each).join(', ');
}

/**
 * @param {number | undefined} position from 1; undefined while the service starts again and has not counted.
 */
function placeInWords(position) {
  if (position === undefined) return 'Waiting in the queue';
  return position === 1 ? 'Place 1 in the queue, the next to start' : `Place ${position} in the queue`;
}

/**
 * @param {Job} job queued or running.
 * @param {TitleOf} titleOf
 * @returns {string} where the work stands.
 */
export function progressInWords(job, titleOf) {
  if (job.state === 'queued') return placeInWords(job.position);
  const { progress } = job;
  if (progress === undefined) return 'Starting';
  const parts = [stageInWords(progress, titleOf)];
  if (progress.secondsLeft !== undefined)
    parts.push(
      `about ${durationInWords(Math.max(1, Math.round(progress.secondsLeft)) * 1000).replace('.0', '')} left`,
    );
  if (progress.tilesTotal > 0 && progress.stage === 'infer' && progress.model !== undefined)
    parts.push(candidateInWords(titleOf(progress.model), progress.provider));
  return parts.join(' · ');
}

/**
 * @param {NonNullable<Job['progress']>} progress
 * @param {TitleOf} titleOf
 * @returns {string} what is going on, and how far it is where that is counted.
 */
function stageInWords(progress, titleOf) {
  const { stage, tilesDone, tilesTotal, rowsDone, rowsTotal, bytesWritten, model, provider } = progress;
  const rows = rowsDone === undefined || rowsTotal === undefined ? '' : `, row ${rowsDone} of ${rowsTotal}`;
  switch (stage) {
    case 'decode':
      return `Reading the picture${rows}`;
    case 'infer':
      if (tilesTotal > 0) return `Tile ${Math.min(tilesDone + 1, tilesTotal)} of ${tilesTotal}`;
      return `Preparing ${model === undefined ? 'the model' : candidateInWords(titleOf(model), provider)}`;
    case 'resample':
      return `Resampling${model === undefined ? '' : ` by ${titleOf(model)}`}${rows}`;
    case 'encode':
      return `Writing the result${bytesWritten === undefined ? '' : `, ${bytesInWords(bytesWritten)} so far`}`;
  }
}

/**
 * @param {Job} job
 * @returns {number} 0 to 1 of the work: tiles or rows, with a little kept for reading and writing.
 */
export function fractionDone(job) {
  if (job.state === 'succeeded') return 1;
  const { progress } = job;
  if (progress === undefined) return 0;
  const { stage, tilesDone, tilesTotal, rowsDone = 0, rowsTotal = 0 } = progress;
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
