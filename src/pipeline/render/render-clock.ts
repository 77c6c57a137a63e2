/** Kinds of work that a job does in parallel, by priority: a moment counts for the first kind in progress. */
const OCCUPATIONS = ['computing', 'sinking', 'waiting'] as const;
type Occupation = (typeof OCCUPATIONS)[number];

/**
 * Where the time of a job's drawing goes. Each moment counts once: while a tile is computed, other work in parallel
 * takes no time of its own.
 */
export class RenderClock {
  /** Computed tiles, including those of a split region. */
  tiles = 0;
  readonly #going: Record<Occupation, number> = { computing: 0, sinking: 0, waiting: 0 };
  readonly #ms: Record<Occupation, number> = { computing: 0, sinking: 0, waiting: 0 };
  #readAtMs: number;

  constructor(private readonly nowMs: () => number = () => performance.now()) {
    this.#readAtMs = nowMs();
  }

  /** Milliseconds while at least one tile was computed. */
  get inferMs(): number {
    return this.#ms.computing;
  }

  /** Milliseconds of waiting for the sink. */
  get sinkMs(): number {
    return this.#ms.sinking;
  }

  /** Milliseconds of waiting for other jobs' tiles. */
  get turnWaitMs(): number {
    return this.#ms.waiting;
  }

  /**
   * Counts the time until `work` settles.
   * @returns the result of `work`.
   */
  async during<T>(occupation: Occupation, work: () => Promise<T>): Promise<T> {
    this.#read();
    this.#going[occupation] += 1;
    try {
      return await work();
    } finally {
      this.#read();
      this.#going[occupation] -= 1;
    }
  }

  #read(): void {
    const nowMs = this.nowMs();
    const first = OCCUPATIONS.find((occupation) => this.#going[occupation] > 0);
    if (first !== undefined) this.#ms[first] += nowMs - this.#readAtMs;
    this.#readAtMs = nowMs;
  }
}
