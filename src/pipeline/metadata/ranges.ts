/** Any number of byte ranges, which may overlap. */
export class Ranges {
  /** Change in the number of covering ranges from one byte to the next. */
  readonly #steps: Int32Array;

  constructor(length: number) {
    this.#steps = new Int32Array(length + 1);
  }

  add(from: number, to: number): void {
    this.#steps[from] = (this.#steps[from] ?? 0) + 1;
    this.#steps[to] = (this.#steps[to] ?? 0) - 1;
  }

  /** 1 for each byte within a range. */
  cover(): Uint8Array {
    let depth = 0;
    return Uint8Array.from(this.#steps, (step) => {
      depth += step;
      return depth > 0 ? 1 : 0;
    });
  }
}
