import type { IncomingMessage } from 'node:http';
import type { TesseraError } from '../../domain/errors.js';
import { Pace } from './pace.js';

/** Bytes that show that a body is being sent (or the whole body, if shorter). */
const ENOUGH_BYTES = 4096;

/** A place for one upload, or the request for one. */
export class UploadPlace {
  readonly sinceMs = performance.now();
  readonly #refusal = new AbortController();
  readonly #pace: Pace;
  #body: IncomingMessage | undefined;

  constructor(
    /** The client that the place counts for. */
    readonly client: string,
    body: IncomingMessage,
    windowMs: number,
    /** Releases the place. Harmless when repeated. */
    readonly release: () => void,
  ) {
    this.#body = body;
    this.#pace = new Pace(windowMs, body.socket.bytesRead - body.readableLength);
  }

  /** Aborted with the client's error when the place is taken away. Its holder then releases it as soon as all else is released. */
  get signal(): AbortSignal {
    return this.#refusal.signal;
  }

  get isRefused(): boolean {
    return this.signal.aborted;
  }

  /** Whether the body is still coming and not refused. Only then can the place be taken away. */
  get isReading(): boolean {
    return this.#body?.complete === false && !this.isRefused;
  }

  /** Whether enough of the body, or all of it, has arrived. */
  get hasBegun(): boolean {
    const body = this.#body;
    return body === undefined || body.complete || body.readableLength >= ENOUGH_BYTES;
  }

  /**
   * Whether the whole body, or as much as can arrive before it is read, has arrived. Such an upload needs its place
   * for the shortest time.
   */
  get hasPlenty(): boolean {
    const body = this.#body;
    return body === undefined || body.complete || body.readableLength >= body.readableHighWaterMark;
  }

  /** The body is complete. The time after that is not the client's. */
  end(): void {
    this.#body = undefined;
  }

  look(): void {
    const body = this.#body;
    if (body === undefined) return;
    const { bytesRead } = body.socket;
    // Received bytes wait for us, so the client cannot send more.
    if (body.readableLength >= body.readableHighWaterMark) this.#pace.restart(bytesRead);
    else this.#pace.look(bytesRead);
  }

  /** Recent bytes per second. */
  bytesPerSecond(overMs: number): number {
    return this.#pace.bytesPerSecond(overMs, this.#body?.socket.bytesRead ?? 0);
  }

  /** Whether the upload was watched over the window and was too slow. */
  isSlow(watchedMs: number, overMs: number, minBytesPerSecond: number): boolean {
    if (!this.isReading || this.#pace.watchedMs < watchedMs) return false;
    return this.bytesPerSecond(overMs) < minBytesPerSecond;
  }

  refuse(error: TesseraError): void {
    this.#refusal.abort(error);
  }
}
