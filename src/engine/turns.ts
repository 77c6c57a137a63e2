/** A turn at the processor: one tile. */
export interface Turn {
  /** How long the job waited for other jobs' tiles. */
  readonly waitedMs: number;
  /** Lets the next job go on; harmless when called again. */
  end(): void;
}

interface Waiting {
  readonly jobId: string;
  readonly askedAtMs: number;
  readonly atOnce: number;
  readonly grant: (turn: Turn) => void;
}

/**
 * Tiles of several jobs take turns, one at a time: of the jobs that wait, the one served longest ago is next. So a job
 * of four tiles beside one of four hundred is done after about eight. Tiles that are computed in lanes are computed beside each
 * other; nobody overtakes a job whose tile cannot begin beside those at work, or it would wait for ever.
 *
 * Between two turns the event loop passes its poll phase: inference blocks the loop, and without that pass neither a
 * cancellation nor the end of the server would be heard before the last tile.
 */
export class Turns {
  readonly #waiting: Waiting[] = [];
  /** Jobs in the order in which they last had a turn, the latest last. */
  readonly #served = new Map<string, number>();
  #count = 0;
  /** Of each turn that is held: how many might be. */
  readonly #held = new Set<{ readonly atOnce: number }>();
  #stirring = false;

  /**
   * Waits for the job's turn.
   * @throws the signal's reason, when it is aborted before the turn comes.
   */
  async take(jobId: string, signal: AbortSignal, atOnce = 1): Promise<Turn> {
    signal.throwIfAborted();
    const turn = await new Promise<Turn>((grant) => {
      this.#waiting.push({ jobId, askedAtMs: performance.now(), atOnce, grant });
      this.#stir();
    });
    if (signal.aborted) turn.end();
    signal.throwIfAborted();
    return turn;
  }

  /** Forgets a job that has ended. */
  forget(jobId: string): void {
    this.#served.delete(jobId);
  }

  /** Gives the turns that can be held by now, after a pass of the event loop. */
  #stir(): void {
    if (this.#stirring) return;
    this.#stirring = true;
    afterPolling(() => {
      this.#stirring = false;
      for (;;) {
        const next = this.#longestUnserved();
        if (next === undefined || !this.#fits(next)) return;
        this.#give(next);
      }
    });
  }

  #fits({ atOnce }: Waiting): boolean {
    return this.#held.size < Math.min(atOnce, ...[...this.#held].map((held) => held.atOnce));
  }

  #give(next: Waiting): void {
    this.#waiting.splice(this.#waiting.indexOf(next), 1);
    this.#served.set(next.jobId, ++this.#count);
    this.#held.add(next);
    const end = () => {
      if (this.#held.delete(next)) this.#stir();
    };
    next.grant({ waitedMs: performance.now() - next.askedAtMs, end });
  }

  #longestUnserved(): Waiting | undefined {
    let chosen: Waiting | undefined;
    for (const candidate of this.#waiting) {
      if (chosen === undefined || this.#lastServed(candidate) < this.#lastServed(chosen)) chosen = candidate;
    }
    return chosen;
  }

  #lastServed(waiting: Waiting): number {
    return this.#served.get(waiting.jobId) ?? 0;
  }
}

/** Two immediates: the first may still run in the loop iteration that scheduled it, the second is behind a poll phase. */
function afterPolling(step: () => void): void {
  setImmediate(() => setImmediate(step));
}
