/**
 * Results in order, of which several are computed at once and some before they are asked for. With one at a time, nothing is computed
 * that has not been asked for.
 */
export class OrderedPrefetch<Input, Result> {
  /** Those that have not been taken, by index: results are large, and whoever takes one decides how long it is kept. */
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

  /** The next result. To be called at most once for each input, and after the one before has come. */
  next(): Promise<Result> {
    const index = this.#taken++;
    this.#start();
    const result = this.#results.get(index);
    if (result === undefined) throw new Error('There are no more.');
    this.#results.delete(index);
    return result;
  }

  /** Begins nothing more, and waits for what has begun: it uses what the caller is about to let go. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.allSettled(this.#results.values());
  }

  #start(): void {
    // Beyond those at work, a few results may wait to be taken: the sink is at times slow.
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
