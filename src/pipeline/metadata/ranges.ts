/** Ranges of bytes that may overlap, as many as there are. */
export class Ranges {
  /** How many more ranges cover a byte than the one before it. */
  readonly #steps: Int32Array;

  constructor(length: number) {
    this.#steps = new Int32Array(length + 1);
  }

  add(from: number, to: number): void {
    this.#steps[from] = (this.#steps[from] ?? 0) + 1;
    this.#steps[to] = (this.#steps[to] ?? 0) - 1;
  }

  /** 1 for each byte that is in a range. */
  cover(): Uint8Array {
    let depth = 0;
    return Uint8Array.from(this.#steps, (step) => {
      depth += step;
      return depth > 0 ? 1 : 0;
    });
  }
}
