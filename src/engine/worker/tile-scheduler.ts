/** The right to compute one tile. */
export interface TileTurn {
  /** Ends the turn. Harmless when repeated. */
  end(): void;
}

/** A job's use of the processors so far. */
interface Account {
  /** Virtual time in milliseconds of all processors: what the job has used, plus the virtual time at which it arrived. */
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
 * Tiles of several jobs take turns. The next turn goes to the waiting job that has had the least processor time, so a
 * job with short tiles does not wait behind another's long ones: a job of four tiles beside one of four hundred equal
 * ones ends after about eight. Tiles in tile workers run at the same time. No job overtakes one whose tile cannot
 * begin beside the running ones, or that job would wait forever.
 * Between two turns the event loop passes its poll phase. Inference blocks the loop, and without that pass neither a
 * cancellation nor the end of the server would be heard before the last tile.
 * @see Goyal, Vin, Cheng: Start-time Fair Queueing (1996), whose accounting this is.
 */
export class FairTileScheduler {
  readonly #waiting: Waiting[] = [];
  readonly #accounts = new Map<string, Account>();
  /**
   * Virtual time at which the latest turn began. A job that arrives, or comes again, begins from here: unused time is
   * not saved up.
   */
  #virtualMs = 0;
  #count = 0;
  /** For each held turn, how many its job might hold. */
  readonly #held = new Set<{ readonly atOnce: number }>();
  #stirring = false;

  constructor(private readonly nowMs: () => number = () => performance.now()) {}

  /**
   * Waits for the job's turn.
   * @throws the signal's reason when it is aborted before the turn comes.
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

  /** Gives the turns that are possible now, after a pass of the event loop. */
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

  /** Among equal jobs, the one served longest ago. */
  #next(): Waiting | undefined {
    const inOrder = [...this.#waiting].sort(
      ({ account: one }, { account: other }) => one.usedMs - other.usedMs || one.served - other.served,
    );
    return inOrder[0];
  }
}

/** Two immediates: the first may still run in the loop iteration that scheduled it; the second comes after a poll phase. */
function afterPolling(step: () => void): void {
  setImmediate(() => setImmediate(step));
}
