/** A turn at the processor: one tile. */
export interface TileTurn {
  /** Lets the next job go on; harmless when called again. */
  end(): void;
}

/** What a job has had so far. */
interface Account {
  /** Milliseconds of all processors, and those that it had not come for before it came. */
  usedMs: number;
  /** Number of its latest turn; 0 before the first. */
  served: number;
}

interface Waiting {
  readonly account: Account;
  readonly atOnce: number;
  readonly grant: (turn: TileTurn) => void;
}

/**
 * Tiles of several jobs take turns, one at a time: of the jobs that wait, the one that has had the least of the processors' time
 * is next, so that one with short tiles is not held up by another's long ones. A job of four tiles beside one of four hundred equal ones
 * is done after about eight. Tiles that are computed in tile workers are computed beside each other; nobody overtakes a job whose tile cannot
 * begin beside those at work, or it would wait for ever.
 *
 * Between two turns the event loop passes its poll phase: inference blocks the loop, and without that pass neither a
 * cancellation nor the end of the server would be heard before the last tile.
 * @see Goyal, Vin, Cheng: Start-time Fair Queueing (1996), of which this is the accounting.
 */
export class FairTileScheduler {
  readonly #waiting: Waiting[] = [];
  readonly #accounts = new Map<string, Account>();
  /** What the job of the latest turn had had before it. Whoever comes, or comes again, begins from here: time unused is not saved up. */
  #virtualMs = 0;
  #count = 0;
  /** Of each turn that is held: how many might be. */
  readonly #held = new Set<{ readonly atOnce: number }>();
  #stirring = false;

  constructor(private readonly nowMs: () => number = () => performance.now()) {}

  /**
   * Waits for the job's turn.
   * @throws the signal's reason, when it is aborted before the turn comes.
   */
  async take(jobId: string, signal: AbortSignal, atOnce = 1): Promise<TileTurn> {
    signal.throwIfAborted();
    const account = this.#accounts.get(jobId) ?? { usedMs: 0, served: 0 };
    this.#accounts.set(jobId, account);
    account.usedMs = Math.max(account.usedMs, this.#virtualMs);
    const turn = await new Promise<TileTurn>((grant) => {
      this.#waiting.push({ account, atOnce, grant });
      this.#stir();
    });
    if (signal.aborted) turn.end();
    signal.throwIfAborted();
    return turn;
  }

  /** Forgets a job that has ended. */
  forget(jobId: string): void {
    this.#accounts.delete(jobId);
  }

  /** Gives the turns that can be held by now, after a pass of the event loop. */
  #stir(): void {
    if (this.#stirring) return;
    this.#stirring = true;
    afterPolling(() => {
      this.#stirring = false;
      for (;;) {
        const next = this.#next();
        if (next === undefined || !this.#fits(next)) return;
        this.#give(next);
      }
    });
  }

  #fits({ atOnce }: Waiting): boolean {
    return this.#held.size < Math.min(atOnce, ...[...this.#held].map((held) => held.atOnce));
  }

  #give(next: Waiting): void {
    const { account, atOnce } = next;
    this.#waiting.splice(this.#waiting.indexOf(next), 1);
    account.served = ++this.#count;
    this.#virtualMs = Math.max(this.#virtualMs, account.usedMs);
    this.#held.add(next);
    const startedMs = this.nowMs();
    const end = () => {
      if (!this.#held.delete(next)) return;
      account.usedMs += (this.nowMs() - startedMs) / atOnce;
      this.#stir();
    };
    next.grant({ end });
  }

  /** Of those that have had equally much, the one served longest ago. */
  #next(): Waiting | undefined {
    let chosen: Waiting | undefined;
    for (const candidate of this.#waiting) {
      if (chosen === undefined || isBefore(candidate.account, chosen.account)) chosen = candidate;
    }
    return chosen;
  }
}

function isBefore(one: Account, other: Account): boolean {
  return one.usedMs < other.usedMs || (one.usedMs === other.usedMs && one.served < other.served);
}

/** Two immediates: the first may still run in the loop iteration that scheduled it, the second is behind a poll phase. */
function afterPolling(step: () => void): void {
  setImmediate(() => setImmediate(step));
}
