import { TesseraError } from '../../domain/errors.js';

/**
 * The error for more of something than any usual picture has.
 * @param what with its bound, in words ("more than 1000 directories").
 */
export function excess(format: string, what: string): TesseraError {
  return unusual(`The ${format} image holds ${what}, which no usual image does.`);
}

/**
 * The error for a picture whose structure makes reading it cost far more than its pixels would.
 * @param sentence what is unusual about it.
 * @param internal for the log.
 */
export function unusual(sentence: string, internal?: string): TesseraError {
  return new TesseraError('unsupported_image', `${sentence} Saving it again in another program may help.`, {
    details: { parameter: 'file' },
    ...(internal === undefined ? {} : { internal }),
  });
}

/** A budget: counts something that a picture may have only so much of. */
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
