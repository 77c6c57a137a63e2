/** Redrawn at most this often. */
const REDRAW_MS = 100;

/** One line of progress that redraws itself on a terminal; elsewhere only its end is written. */
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
