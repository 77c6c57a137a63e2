import type { IncomingMessage } from 'node:http';
import type { Config } from '../../config/config.js';
import { TesseraError } from '../../domain/errors.js';
import { queueFull } from '../../jobs/uploads.js';
import { SAMPLE_INTERVAL_MS } from './pace.js';
import { uploadAborted } from './store-file.js';
import { UploadPlace } from './upload-place.js';

/** An upload's pace is its mean over this time: mobile connections stall for some seconds. */
const WINDOW_MS = 15_000;
/** The same while other uploads wait for a place. */
const SHORT_WINDOW_MS = 2000;
/** The pace of an upload is unknown before this time. */
const UNKNOWN_MS = 1000;
/** How long a newcomer waits before it displaces an upload of a client with more than a fair share: most uploads end within it. */
const PATIENCE_MS = 1000;
/** How long a newcomer waits before it is refused. */
const MAX_WAIT_MS = 3000;
/** Interval in which the waiting uploads are checked. */
const SHARE_INTERVAL_MS = 25;

interface UploadWish {
  /** From `clientOf`. */
  readonly client: string;
  readonly body: IncomingMessage;
  /** Aborted when the client has left. */
  readonly gone: AbortSignal;
  /** Called when no place is free; the client should begin to send all the same. */
  onWait(): void;
}

/**
 * Shares `MAX_CONCURRENT_UPLOADS` places among the clients. One client may have all places while no other wants any. When places
 * are short, uploads whose bodies have arrived come first, then those of the clients with the fewest places. Uploads that are too
 * slow lose their places to them, then the slowest upload of the client with the most places does. A newcomer is refused only
 * when no client has more places than its own.
 */
export class UploadPlaces {
  readonly #places: number;
  readonly #minBytesPerSecond: number;
  readonly #held = new Set<UploadPlace>();
  /** The waiting uploads in order of arrival, each with the function that gives it a place. */
  readonly #waiting = new Map<UploadPlace, () => void>();
  #sampling: NodeJS.Timeout | undefined;
  #sharing: NodeJS.Timeout | undefined;

  constructor(config: Pick<Config, 'MAX_CONCURRENT_UPLOADS' | 'MIN_BYTES_PER_SECOND'>) {
    this.#places = config.MAX_CONCURRENT_UPLOADS;
    this.#minBytesPerSecond = config.MIN_BYTES_PER_SECOND;
  }

  /**
   * Takes a place for an upload, at once or within some seconds; the caller releases it.
   * @throws TesseraError queue_full, upload_aborted.
   */
  async take({ client, body, gone, onWait }: UploadWish): Promise<UploadPlace> {
    if (gone.aborted) throw uploadAborted();
    const place = new UploadPlace(client, body, WINDOW_MS, () => {
      if (this.#held.delete(place)) this.#share();
    });
    this.#sampling ??= setInterval(() => this.#sample(), SAMPLE_INTERVAL_MS).unref();
    if (this.#waiting.size === 0 && this.#mayTake(place)) this.#held.add(place);
    else {
      onWait();
      await this.#wait(place, gone);
    }
    return place;
  }

  #wait(place: UploadPlace, gone: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        this.#waiting.delete(place);
        clearTimeout(timer);
        gone.removeEventListener('abort', leave);
        settle();
      };
      const leave = () => end(() => reject(uploadAborted()));
      const full = queueFull('Too many uploads are being received; try again in a moment.', 1);
      const timer = setTimeout(() => end(() => reject(full)), MAX_WAIT_MS);
      gone.addEventListener('abort', leave, { once: true });
      this.#waiting.set(place, () => end(resolve));
      this.#sharing ??= setInterval(() => this.#share(), SHARE_INTERVAL_MS).unref();
      this.#share();
    });
  }

  /** Samples the pace of all uploads and refuses those that are too slow. */
  #sample(): void {
    for (const place of [...this.#held, ...this.#waiting.keys()]) place.sample();
    for (const place of this.#held) {
      if (place.isSlow(WINDOW_MS, WINDOW_MS, this.#minBytesPerSecond))
        place.refuse(tooSlow(this.#minBytesPerSecond));
    }
    if (this.#held.size > 0 || this.#waiting.size > 0) return;
    clearInterval(this.#sampling);
    this.#sampling = undefined;
  }

  /** Gives free places to waiting uploads, and frees places for the others. */
  #share(): void {
    for (;;) {
      const next = this.#byPriority().find((place) => this.#mayTake(place));
      if (next === undefined) break;
      this.#held.add(next);
      this.#waiting.get(next)?.();
    }
    this.#makeRoom();
    if (this.#waiting.size > 0) return;
    clearInterval(this.#sharing);
    this.#sharing = undefined;
  }

  /** Half of the places are for uploads that have begun to send, or had `UNKNOWN_MS` to do so. */
  #mayTake(place: UploadPlace): boolean {
    const free = this.#places - this.#held.size;
    if (free <= 0) return false;
    return free > this.#places / 2 || place.hasBegun || performance.now() - place.sinceMs >= UNKNOWN_MS;
  }

  /** Refuses one held upload for each waiting upload that has begun to send, as far as one should give way. */
  #makeRoom(): void {
    // Places of refused uploads become free as soon as their folders are removed.
    const refused = [...this.#held].filter((place) => place.isRefused).length;
    let coming = this.#places - this.#held.size + refused;
    const counts = this.#counts();
    const slow = byPace([...this.#held]).filter((place) =>
      place.isSlow(UNKNOWN_MS, SHORT_WINDOW_MS, this.#minBytesPerSecond),
    );
    for (const { client, sinceMs, hasBegun } of this.#byPriority().slice(0, this.#places)) {
      if (!hasBegun) continue;
      if (coming > 0) coming -= 1;
      else {
        const isPatient = performance.now() - sinceMs >= PATIENCE_MS;
        const loser = slow.shift() ?? (isPatient ? this.#slowestOfGreediest(counts, client) : undefined);
        if (loser === undefined) continue;
        loser.refuse(
          queueFull('Others wait to upload, and this upload was the slowest; try again in a moment.', 5),
        );
        counts.set(loser.client, (counts.get(loser.client) ?? 1) - 1);
      }
      counts.set(client, (counts.get(client) ?? 0) + 1);
    }
  }

  /** The waiting uploads: by how much has arrived, then by the places of their client, then in order of arrival. */
  #byPriority(): UploadPlace[] {
    const counts = this.#counts();
    const rank = (place: UploadPlace) => {
      const level = place.isBuffered ? 0 : place.hasBegun ? 1 : 2;
      return level * (this.#places + 1) + (counts.get(place.client) ?? 0);
    };
    return [...this.#waiting.keys()]
      .map((place) => ({ place, rank: rank(place) }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ place }) => place);
  }

  /** The places of each client, without those of refused uploads. */
  #counts(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { client, isRefused } of this.#held)
      if (!isRefused) counts.set(client, (counts.get(client) ?? 0) + 1);
    return counts;
  }

  /** An upload of the client with the most places, if that client has at least two more than the newcomer's. */
  #slowestOfGreediest(counts: ReadonlyMap<string, number>, newcomer: string): UploadPlace | undefined {
    const [greediest, most] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a), ['', 0]);
    if (most < (counts.get(newcomer) ?? 0) + 2) return undefined;
    return byPace([...this.#held]).find((place) => place.client === greediest && place.isReading);
  }
}

/** The slowest first. */
function byPace(places: readonly UploadPlace[]): UploadPlace[] {
  return [...places].sort((a, b) => a.bytesPerSecond(SHORT_WINDOW_MS) - b.bytesPerSecond(SHORT_WINDOW_MS));
}

function tooSlow(minBytesPerSecond: number): TesseraError {
  const accepted = `at least ${minBytesPerSecond} bytes a second`;
  return new TesseraError('upload_timeout', `The upload came too slowly; accepted is ${accepted}.`, {
    details: { accepted },
  });
}
