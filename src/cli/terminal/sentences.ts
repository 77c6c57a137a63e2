import type { Attempt, Provider, UpscalePlan } from '../../domain/types.js';
import {
  bytesInWords,
  causeOfFallback,
  KEEPABLE_WORDS,
  REASON_WORDS,
  secondsInWords,
  shareDone,
  stageInWords,
  timeLeftInWords,
} from '../../web/assets/client/words.js';
import type { ResultFacts, Step } from '../upscaler.js';

/** Sentences of the command line. */

function candidateInWords(model: string, provider: Provider | undefined): string {
  return provider === undefined ? model : `${model} on ${provider}`;
}

export function stepInWords(step: Step): string {
  switch (step.kind) {
    case 'starting':
      return 'reading';
    case 'sending':
    case 'saving':
      return step.kind;
    case 'waiting':
      return step.position === undefined ? 'in the queue' : `place ${step.position} in the queue`;
    case 'busy':
      return `the service is busy, next try in ${secondsInWords(step.retrySeconds)}`;
    case 'working': {
      const { secondsLeft } = step.progress;
      const left = secondsLeft === undefined ? '' : `, ${timeLeftInWords(secondsLeft)}`;
      return `${stageInWords(step.progress)}${left}`;
    }
  }
}

/** The share of the work that is done, 0 to 1; undefined before it has begun. */
export function fractionOf(step: Step): number | undefined {
  if (step.kind === 'saving') return 1;
  return step.kind === 'working' ? shareDone(step.progress) : undefined;
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
  const cause = fallback ? fallbackInWords(attempts) : '';
  const pages = droppedPages === 0 ? '' : ` (the first of ${droppedPages + 1} frames or pages)`;
  const lost = notKept?.map((each) => KEEPABLE_WORDS[each]).join(' and ');
  return `${parts.join(', ')}${cause}${pages}${lost === undefined ? '' : ` (without its ${lost})`}`;
}

function fallbackInWords(attempts: readonly Attempt[]): string {
  const cause = causeOfFallback(attempts);
  if (cause?.reason === undefined) return '';
  return ` (a fallback: ${candidateInWords(cause.model, cause.provider)} ${REASON_WORDS[cause.reason]})`;
}

export function planInWords(plan: UpscalePlan): string {
  const { width, height, tiles, estimatedSeconds, estimatedMemoryBytes, candidates } = plan;
  const summary = [
    `${width} x ${height}`,
    `${tiles} ${tiles === 1 ? 'tile' : 'tiles'}`,
    `about ${secondsInWords(estimatedSeconds)}`,
    `${bytesInWords(estimatedMemoryBytes)} of memory`,
    `by ${candidateInWords(plan.model, plan.provider)}`,
  ].join(', ');
  const lines = candidates.map(({ model, provider, skipReason, estimatedSeconds: seconds }) => {
    const candidate = `  ${candidateInWords(model, provider)}`;
    if (skipReason !== undefined) return `${candidate} ${REASON_WORDS[skipReason]}`;
    return `${candidate}: ${seconds === undefined ? 'can serve' : `about ${secondsInWords(seconds)}`}`;
  });
  return [summary, ...lines].join('\n');
}
