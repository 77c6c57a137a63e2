import { EXIT } from './exit-codes.js';

const SIGNALS = { SIGINT: EXIT.interrupted, SIGTERM: EXIT.terminated, SIGHUP: EXIT.hangup } as const;

/** Ctrl-C and its relatives: the first asks for an orderly stop, the second ends at once. */
export class Stop {
  readonly #controller = new AbortController();
  readonly #listeners = Object.entries(SIGNALS).map(([signal, code]) => {
    const listener = () => this.#receive(code);
    process.on(signal, listener);
    return { signal, listener };
  });
  #exitCode: number | undefined;

  /** @param atOnce what must be cleaned up even by an exit that cannot wait; synchronous. */
  constructor(private readonly atOnce: () => void) {}

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What to end with; undefined while nobody asked. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  close(): void {
    for (const { signal, listener } of this.#listeners) process.off(signal, listener);
  }

  #receive(code: number): void {
    if (this.#exitCode !== undefined) {
      this.atOnce();
      process.exit(this.#exitCode);
    }
    this.#exitCode = code;
    this.#controller.abort(new Error('interrupted'));
  }
}
