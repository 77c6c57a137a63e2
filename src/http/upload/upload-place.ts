import type { IncomingMessage } from 'node:http';
import type { TesseraError } from '../../domain/errors.js';
import { Pace } from './pace.js';

/** A client counts as sending once so many bytes of the body have arrived, or all of it. */
const BEGUN_BYTES = 4096;

/** A place for one upload, held or waited for. */
export class UploadPlace {
  readonly sinceMs = performance.now();
  readonly #refusal = new AbortController();
  readonly #pace: Pace;
  #body: IncomingMessage | undefined;

  constructor(
    readonly client: string,
    body: IncomingMessage,
    windowMs: number,
    /** Gives the place to the next upload. Idempotent. */
    readonly release: () => void,
  ) {
    this.#body = body;
    this.#pace = new Pace(windowMs, body.socket.bytesRead - body.readableLength);
  }

  /** Aborted with the error for the client when the place is taken away; the upload then releases it. */
  get signal(): AbortSignal {
    return this.#refusal.signal;
  }

  get isRefused(): boolean {
    return this.signal.aborted;
  }

  /** Whether the body is still arriving; only then can the place be taken away. */
  get isReading(): boolean {
    return this.#body?.complete === false && !this.isRefused;
  }

  get hasBegun(): boolean {
    return this.#hasBuffered(BEGUN_BYTES);
  }

  /** Whether the whole body has arrived, or as much as the buffers hold: such an upload needs its place for the shortest time. */
  get isBuffered(): boolean {
    return this.#hasBuffered(this.#body?.readableHighWaterMark ?? 0);
  }

  /** Ends the measurement: the body has arrived, and what follows is not the client's time. */
  end(): void {
    this.#body = undefined;
  }

  sample(): void {
    const body = this.#body;
    if (body === undefined) return;
    const { bytesRead } = body.socket;
    // A full buffer means that the client waits for the service.
    if (body.readableLength >= body.readableHighWaterMark) this.#pace.restart(bytesRead);
    else this.#pace.sample(bytesRead);
  }

  bytesPerSecond(overMs: number): number {
    return this.#pace.bytesPerSecond(overMs, this.#body?.socket.bytesRead ?? 0);
  }

  /** Whether the upload was watched for `watchedMs` and was too slow over the last `overMs`. */
  isSlow(watchedMs: number, overMs: number, minBytesPerSecond: number): boolean {
    if (!this.isReading || this.#pace.watchedMs < watchedMs) return false;
    return this.bytesPerSecond(overMs) < minBytesPerSecond;
  }

  refuse(error: TesseraError): void {
    this.#refusal.abort(error);
  }

  #hasBuffered(bytes: number): boolean {
    const body = this.#body;
    return body === undefined || body.complete || body.readableLength >= bytes;
  }
}
