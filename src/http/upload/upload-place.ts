import type { IncomingMessage } from 'node:http';
import type { TesseraError } from '../../domain/errors.js';
import { Pace } from './pace.js';

/** A body of which so much is there, or all, is one that is being sent. */
const ENOUGH_BYTES = 4096;

/** A place for one upload, or the wish for one. */
export class UploadPlace {
  readonly sinceMs = performance.now();
  readonly #refusal = new AbortController();
  readonly #pace: Pace;
  #body: IncomingMessage | undefined;

  constructor(
    /** Whose upload it is, where places are shared out. */
    readonly client: string,
    body: IncomingMessage,
    windowMs: number,
    /** Gives the place to the next; harmless when repeated. */
    readonly release: () => void,
  ) {
    this.#body = body;
    this.#pace = new Pace(windowMs, body.socket.bytesRead - body.readableLength);
  }

  /** Aborted, with the error for the client, when the place is taken away: it is then released as soon as all else is. */
  get signal(): AbortSignal {
    return this.#refusal.signal;
  }

  get isRefused(): boolean {
    return this.signal.aborted;
  }

  /** Whether its body is still coming, and not refused: only then can the place be taken away. */
  get isReading(): boolean {
    return this.#body?.complete === false && !this.isRefused;
  }

  /** Whether there is something to read: enough to begin with, or all. */
  get hasBegun(): boolean {
    const body = this.#body;
    return body === undefined || body.complete || body.readableLength >= ENOUGH_BYTES;
  }

  /** Whether all is there, or as much as can be before anybody reads: such an upload needs its place for the shortest time. */
  get hasPlenty(): boolean {
    const body = this.#body;
    return body === undefined || body.complete || body.readableLength >= body.readableHighWaterMark;
  }

  /** The body has come; what is still done with it is not the client's time. */
  end(): void {
    this.#body = undefined;
  }

  look(): void {
    const body = this.#body;
    if (body === undefined) return;
    const { bytesRead } = body.socket;
    // What cannot come because so much has not been taken yet waits for us.
    if (body.readableLength >= body.readableHighWaterMark) this.#pace.restart(bytesRead);
    else this.#pace.look(bytesRead);
  }

  /** Bytes a second of late. */
  bytesPerSecond(overMs: number): number {
    return this.#pace.bytesPerSecond(overMs, this.#body?.socket.bytesRead ?? 0);
  }

  /** Whether it was watched for so long and came too slowly over the window. */
  isSlow(watchedMs: number, overMs: number, minBytesPerSecond: number): boolean {
    if (!this.isReading || this.#pace.watchedMs < watchedMs) return false;
    return this.bytesPerSecond(overMs) < minBytesPerSecond;
  }

  refuse(error: TesseraError): void {
    this.#refusal.abort(error);
  }
}
