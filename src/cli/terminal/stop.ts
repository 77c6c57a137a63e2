import { EXIT } from './exit-codes.js';

const SIGNALS = { SIGINT: EXIT.interrupted, SIGTERM: EXIT.terminated, SIGHUP: EXIT.hangup } as const;

/** Handles SIGINT, SIGTERM and SIGHUP: the first one asks for an orderly stop, the second one ends the process at once. */
export class Stop {
  readonly #controller = new AbortController();
  readonly #listeners = Object.entries(SIGNALS).map(([signal, code]) => {
    const listener = () => this.#receive(code);
    process.on(signal, listener);
    return { signal, listener };
  });
  #exitCode: number | undefined;

  /** @param atOnce cleans up, synchronously, before an exit that cannot wait. */
  constructor(private readonly atOnce: () => void = () => undefined) {}

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The exit code of the received signal; undefined before a signal. */
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
