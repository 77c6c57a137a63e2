/** Shortest time between two redraws. */
const REDRAW_MS = 100;

/** A line of progress that is redrawn in place on a terminal; another stream gets only its end. */
export class ProgressLine {
  #drawnMs = 0;

  constructor(
    private readonly stream: NodeJS.WriteStream,
    private readonly title: string,
  ) {}

  /** @param fraction 0..1. */
  update(fraction: number, detail: string): void {
    const nowMs = performance.now();
    if (!this.stream.isTTY || nowMs - this.#drawnMs < REDRAW_MS) return;
    this.#drawnMs = nowMs;
    this.stream.write(`\r\u001b[K${this.title}: ${Math.floor(fraction * 100)} % ${detail}`);
  }

  end(words: string): void {
    this.stream.write(`${this.stream.isTTY ? '\r\u001b[K' : ''}${this.title}: ${words}\n`);
  }
}
