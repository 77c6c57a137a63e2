/** What a job may do several times at once, what counts first leading. */
const OCCUPATIONS = ['computing', 'sinking', 'waiting'] as const;
type Occupation = (typeof OCCUPATIONS)[number];

/**
 * Where the time of a job's drawing goes. A moment counts once: while any tile is computed, what else goes on beside it takes no
 * time of its own.
 */
export class RenderClock {
  /** Tiles computed, those of a region that was split included. */
  tiles = 0;
  readonly #going: Record<Occupation, number> = { computing: 0, sinking: 0, waiting: 0 };
  readonly #ms: Record<Occupation, number> = { computing: 0, sinking: 0, waiting: 0 };
  #readAtMs: number;

  constructor(private readonly nowMs: () => number = () => performance.now()) {
    this.#readAtMs = nowMs();
  }

  /** Milliseconds in which tiles were computed. */
  get inferMs(): number {
    return this.#ms.computing;
  }

  /** Waiting for the sink to take rows. */
  get sinkMs(): number {
    return this.#ms.sinking;
  }

  /** Waiting for other jobs' tiles. */
  get turnWaitMs(): number {
    return this.#ms.waiting;
  }

  /** Counts the time until `work` ends, whatever its end. @returns what it does. */
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
