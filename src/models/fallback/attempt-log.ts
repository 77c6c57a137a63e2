import type { Attempt } from '../../domain/types.js';
import type { NoteAttempt } from './chain-request.js';

/** The attempts of one request in the order of their ends, those of earlier engines first. */
export class AttemptLog {
  readonly #attempts: Attempt[];

  /** @param onAttempt called with each new attempt at once, since this process may die. */
  constructor(
    earlier: readonly Attempt[],
    private readonly onAttempt: (attempt: Attempt) => void = () => {},
  ) {
    this.#attempts = [...earlier];
  }

  get all(): readonly Attempt[] {
    return this.#attempts;
  }

  /**
   * Begins a candidate: its time counts from now. A skip is recorded once: an engine that died may have skipped the same candidate for the
   * same reason.
   */
  begin(): NoteAttempt {
    const startedMs = performance.now();
    return ({ ms = performance.now() - startedMs, ...noted }) => {
      const attempt = { ...noted, ms: Math.round(ms) };
      if (this.#isKnownSkip(attempt)) return;
      this.#attempts.push(attempt);
      this.onAttempt(attempt);
    };
  }

  #isKnownSkip({ outcome, model, provider, reason }: Attempt): boolean {
    return (
      outcome === 'skipped' &&
      this.#attempts.some(
        (known) =>
          known.outcome === 'skipped' &&
          known.model === model &&
          known.provider === provider &&
          known.reason === reason,
      )
    );
  }
}
