import type { Attempt } from '../../domain/types.js';
import type { Job } from './client/jobs-api.js';
import {
  causeOfFallback,
  NBSP,
  REASON_WORDS,
  secondsInWords,
  shareDone,
  stageInWords,
  timeLeftInWords,
} from './client/words.js';

/** Sentences of the page. Pure: no DOM, so that tests run them as they are. */

/** Model name → title. */
type TitleOf = (name: string) => string;

export const CONNECTION_LOST = 'The connection to the service is lost. Trying again.';

export function sizeInWords({ width, height }: { readonly width: number; readonly height: number }): string {
  return `${width}${NBSP}×${NBSP}${height}`;
}

const PROVIDER_WORDS: Readonly<Record<string, string>> = {
  cuda: 'the NVIDIA GPU',
  webgpu: 'the GPU (WebGPU)',
  coreml: 'Core ML',
  dml: 'the GPU (DirectML)',
  cpu: 'the CPU',
};

/** @param provider undefined: no network ran (Lanczos). */
export function candidateInWords(title: string, provider: string | undefined): string {
  return provider === undefined ? title : `${title} on ${PROVIDER_WORDS[provider] ?? provider}`;
}

/** One sentence on an attempt. */
export function attemptInWords(attempt: Attempt, titleOf: TitleOf): string {
  const { outcome, reason, tileSizePx, ms } = attempt;
  const candidate = candidateInWords(titleOf(attempt.model), attempt.provider);
  const tile = tileSizePx === undefined ? '' : ` with tiles of ${tileSizePx}${NBSP}px`;
  const time = secondsInWords(ms / 1000);
  if (outcome === 'served') return `${candidate} served it${tile} in ${time}.`;
  const spent = outcome === 'failed' ? `${tile}, after ${time}` : '';
  return `${candidate} ${reason ? REASON_WORDS[reason] : 'did not serve'}${spent}${detailInWords(attempt)}.`;
}

/** The service's detail beyond the reason, as the end of a sentence. */
function detailInWords({ reason, detail }: Attempt): string {
  // The detail of a missing model repeats the reason.
  if (detail === undefined || reason === 'not_installed') return '';
  const text = detail.trim().replace(/\.$/, '');
  return `: ${/^(A|An|It|No|The|This) /.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text}`;
}

/** Why another model than the first served, in one sentence; empty when no attempt explains it. */
export function fallbackInWords(attempts: readonly Attempt[], titleOf: TitleOf): string {
  const cause = causeOfFallback(attempts);
  if (cause === undefined) return '';
  const candidate = candidateInWords(titleOf(cause.model), cause.provider);
  return `A fallback served it: ${candidate} ${cause.reason ? REASON_WORDS[cause.reason] : 'did not serve'}.`;
}

/** @param position from 1; undefined while a service that starts again has not counted. */
function placeInWords(position: number | undefined): string {
  if (position === undefined) return 'Waiting in the queue';
  return position === 1 ? 'Place 1 in the queue, the next to start' : `Place ${position} in the queue`;
}

/** The progress of a job that is queued or running. */
export function progressInWords({ state, position, progress }: Job, titleOf: TitleOf): string {
  if (state === 'queued') return placeInWords(position);
  if (progress === undefined) return 'Starting';
  const { stage, tilesTotal, model, provider, secondsLeft } = progress;
  const words = stageInWords(progress, titleOf);
  const parts = [words.charAt(0).toUpperCase() + words.slice(1)];
  if (secondsLeft !== undefined) parts.push(`about ${timeLeftInWords(secondsLeft)}`);
  if (tilesTotal > 0 && stage === 'infer' && model !== undefined)
    parts.push(candidateInWords(titleOf(model), provider));
  return parts.join(' · ');
}

/** The share of a job that is done, 0 to 1. */
export function fractionDone({ state, progress }: Job): number {
  if (state === 'succeeded') return 1;
  return progress === undefined ? 0 : shareDone(progress);
}
