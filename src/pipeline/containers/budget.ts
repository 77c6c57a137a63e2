import { excess } from '../refusals.js';

/** Counts something that a picture may have only so much of. */
export class Budget {
  #used = 0;

  constructor(
    private readonly format: string,
    private readonly most: number,
    /** In words, after "more than <most>". */
    private readonly unit: string,
  ) {}

  get left(): number {
    return this.most - this.#used;
  }

  /** @throws TesseraError unsupported_image when the budget is exceeded. */
  spend(amount: number): void {
    this.#used += amount;
    if (this.#used > this.most) throw excess(this.format, `more than ${this.most} ${this.unit}`);
  }
}
