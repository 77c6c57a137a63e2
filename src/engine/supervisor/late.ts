import { TesseraError } from '../../domain/errors.js';

/** What is known of an image that missed its deadline. */
export interface Lateness {
  /** Seconds that it needs by itself; undefined while no network's speed is known. */
  readonly estimateSeconds: number | undefined;
  /** Seconds that it had. */
  readonly timeoutSeconds: number;
  /** Longest time limit that a request may ask for. */
  readonly longestSeconds: number;
  /** Seconds that other work took, if it never began. */
  readonly backlogSeconds?: number;
}

/** Factor between estimate and advised deadline: other work may come between. */
const SLACK = 1.5;

/** The error of an image that missed its deadline: what it needs, and what to ask for. */
export function late(known: Lateness): TesseraError {
  const { estimateSeconds, backlogSeconds } = known;
  const what =
    backlogSeconds === undefined
      ? 'The image could not be upscaled within the time allowed'
      : 'The queue was too long for the time allowed';
  const need = estimateSeconds === undefined ? '' : `: the image needs about ${inWords(estimateSeconds)}`;
  return new TesseraError('deadline_exceeded', `${what}${need}. ${advice(known)}`, {
    details: {
      parameter: 'timeout',
      ...(estimateSeconds === undefined ? {} : { estimateSeconds: Math.round(estimateSeconds * 10) / 10 }),
    },
  });
}

function advice({ estimateSeconds, timeoutSeconds, longestSeconds, backlogSeconds = 0 }: Lateness): string {
  const later = backlogSeconds > 0 ? ', or try again later' : '';
  if (timeoutSeconds >= longestSeconds || (estimateSeconds ?? 0) > longestSeconds)
    return `No more than ${longestSeconds} s may be asked for; ask for a faster model or a smaller scale${later}.`;
  if (estimateSeconds === undefined) return `Ask for a longer timeout${later}.`;
  // An image that was late with enough time was held up by other work or a slow machine.
  const enough = Math.max((estimateSeconds + backlogSeconds) * SLACK, timeoutSeconds * SLACK);
  return `Ask for timeout=${Math.min(longestSeconds, roundedUp(enough))}${later}.`;
}

function roundedUp(seconds: number): number {
  const step = seconds > 60 ? 10 : seconds > 20 ? 5 : 1;
  return Math.ceil(seconds / step) * step;
}

function inWords(seconds: number): string {
  return seconds < 9.95 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`;
}
