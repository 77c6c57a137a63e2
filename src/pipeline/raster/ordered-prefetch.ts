/**
 * Computes several results at the same time, some before they are requested, and returns them in order. With one at a
 * time, nothing is computed before it is requested.
 */
export class OrderedPrefetch<Input, Result> {
  /** Results that have not been taken, by index. They are large, and the caller decides how long it keeps one. */
  readonly #results = new Map<number, Promise<Result>>();
  #begun = 0;
  #taken = 0;
  #computing = 0;
  #stopped = false;

  constructor(
    private readonly inputs: readonly Input[],
    private readonly atOnce: number,
    private readonly compute: (input: Input) => Promise<Result>,
  ) {}

  /** Returns the next result. Call it at most once for each input, and after the previous result has come. */
  next(): Promise<Result> {
    const index = this.#taken++;
    this.#start();
    const result = this.#results.get(index);
    if (result === undefined) throw new Error('There are no more.');
    this.#results.delete(index);
    return result;
  }

  /** Begins nothing more, and waits for computations in progress, since they use what the caller is about to release. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.allSettled(this.#results.values());
  }

  #start(): void {
    // Besides those in progress, a few results may wait, because the sink is slow at times.
    const furthest = this.atOnce === 1 ? this.#taken : this.#taken + 2 * this.atOnce;
    while (!this.#stopped && this.#computing < this.atOnce && this.#begun < furthest) {
      const index = this.#begun;
      const input = this.inputs[index];
      if (input === undefined) return;
      this.#begun += 1;
      this.#computing += 1;
      const result = this.compute(input);
      this.#results.set(index, result);
      const over = () => {
        this.#computing -= 1;
        this.#start();
      };
      result.then(over, () => {
        this.#stopped = true;
      });
    }
  }
}
