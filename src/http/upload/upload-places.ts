import type { IncomingMessage } from 'node:http';
import type { Config } from '../../config/config.js';
import { TesseraError } from '../../domain/errors.js';
import { queueFull } from '../../jobs/uploads.js';
import { LOOK_EVERY_MS } from './pace.js';
import { UploadPlace } from './upload-place.js';

/** Window over which an upload must keep the minimum pace. Honest mobile connections stall for some seconds. */
const WINDOW_MS = 15_000;
/** The shorter window while others wait for a place. */
const SHORT_WINDOW_MS = 2000;
/** Time before which an upload's pace is unknown. */
const UNKNOWN_MS = 1000;
/** Time that a newcomer waits before a client with more than a fair share loses a place. Most uploads are over by then. */
const PATIENCE_MS = 1000;
/** Time after which a newcomer is refused. */
const MAX_WAIT_MS = 3000;
/** Interval at which waiting uploads are checked. */
const ATTEND_EVERY_MS = 25;

interface UploadWish {
  /** Whose upload it is, where places are shared out. */
  readonly client: string;
  readonly body: IncomingMessage;
  /** Aborted when the client has left. */
  readonly gone: AbortSignal;
  /** Called when no place is free at once. The client should begin to send all the same. */
  onWait(): void;
}

/**
 * The places for uploads, `MAX_CONCURRENT_UPLOADS`. One client may hold all of them while nobody else wants one. When
 * places are short, the client that has sent the most comes first, then the one that holds the fewest. Uploads that
 * are too slow lose their places first, then the slowest upload of the client with the most places. A newcomer is
 * refused only when nobody has more places than it.
 */
export class UploadPlaces {
  readonly #places: number;
  readonly #minBytesPerSecond: number;
  readonly #held = new Set<UploadPlace>();
  /** Waiting uploads in the order of arrival, each with the callback that gives it its place. */
  readonly #waiting = new Map<UploadPlace, () => void>();
  #looking: NodeJS.Timeout | undefined;
  #attending: NodeJS.Timeout | undefined;

  constructor(config: Pick<Config, 'MAX_CONCURRENT_UPLOADS' | 'MIN_BYTES_PER_SECOND'>) {
    this.#places = config.MAX_CONCURRENT_UPLOADS;
    this.#minBytesPerSecond = config.MIN_BYTES_PER_SECOND;
  }

  /**
   * Waits for a place, at most some seconds. The caller releases it.
   * @throws TesseraError queue_full, upload_aborted.
   */
  async take({ client, body, gone, onWait }: UploadWish): Promise<UploadPlace> {
    if (gone.aborted) throw clientLeft();
    const place = new UploadPlace(client, body, WINDOW_MS, () => {
      if (this.#held.delete(place)) this.#share();
    });
    this.#looking ??= setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
    if (this.#waiting.size === 0 && this.#mayTake(place)) this.#held.add(place);
    else {
      onWait();
      await this.#wait(place, gone);
    }
    return place;
  }

  #wait(place: UploadPlace, gone: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = () => {
        this.#waiting.delete(place);
        clearTimeout(timer);
        gone.removeEventListener('abort', leave);
      };
      const leave = () => {
        end();
        reject(clientLeft());
      };
      const timer = setTimeout(() => {
        end();
        reject(queueFull('Too many uploads are being received; try again in a moment.', 1));
      }, MAX_WAIT_MS);
      gone.addEventListener('abort', leave, { once: true });
      this.#waiting.set(place, () => {
        end();
        resolve();
      });
      this.#attending ??= setInterval(() => this.#share(), ATTEND_EVERY_MS).unref();
      this.#share();
    });
  }

  /** Ends uploads that are too slow. */
  #look(): void {
    for (const place of [...this.#held, ...this.#waiting.keys()]) place.look();
    for (const place of this.#held) {
      if (place.isSlow(WINDOW_MS, WINDOW_MS, this.#minBytesPerSecond))
        place.refuse(tooSlow(this.#minBytesPerSecond));
    }
    if (this.#held.size > 0 || this.#waiting.size > 0) return;
    clearInterval(this.#looking);
    this.#looking = undefined;
  }

  /** Gives free places to waiting uploads, and makes room where there are none. */
  #share(): void {
    for (;;) {
      const next = this.#inTurn().find((place) => this.#mayTake(place));
      if (next === undefined) break;
      this.#held.add(next);
      this.#waiting.get(next)?.();
    }
    this.#makeRoom();
    if (this.#waiting.size > 0) return;
    clearInterval(this.#attending);
    this.#attending = undefined;
  }

  /** Half of the places are reserved for uploads that have begun to send, or have had the time to. */
  #mayTake(place: UploadPlace): boolean {
    const free = this.#places - this.#held.size;
    if (free <= 0) return false;
    return free > this.#places / 2 || place.hasBegun || performance.now() - place.sinceMs >= UNKNOWN_MS;
  }

  /** Ends one upload for each waiting upload that has begun to send, if one should make room. */
  #makeRoom(): void {
    const free = this.#places - this.#held.size;
    // Places of refused uploads become free when their folders are removed.
    let coming = free + [...this.#held].filter((place) => place.isRefused).length;
    const counts = this.#counts();
    const slow = this.#slowest();
    for (const { client, sinceMs, hasBegun } of this.#inTurn().slice(0, this.#places)) {
      if (!hasBegun) continue;
      if (coming > 0) coming -= 1;
      else {
        const patient = performance.now() - sinceMs >= PATIENCE_MS;
        const loser = slow.shift() ?? (patient ? this.#slowestOfGreediest(counts, client) : undefined);
        if (loser === undefined) continue;
        loser.refuse(slowestOfAll());
        counts.set(loser.client, (counts.get(loser.client) ?? 1) - 1);
      }
      counts.set(client, (counts.get(client) ?? 0) + 1);
    }
  }

  /** Waiting uploads by priority: sent plenty, sent something, fewest places, arrived first. */
  #inTurn(): UploadPlace[] {
    const counts = this.#counts();
    const rank = (place: UploadPlace) => {
      const level = place.hasPlenty ? 0 : place.hasBegun ? 1 : 2;
      return level * (this.#places + 1) + (counts.get(place.client) ?? 0);
    };
    return [...this.#waiting.keys()]
      .map((place) => ({ place, rank: rank(place) }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ place }) => place);
  }

  /** Places by client, without those that are becoming free. */
  #counts(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { client, isRefused } of this.#held)
      if (!isRefused) counts.set(client, (counts.get(client) ?? 0) + 1);
    return counts;
  }

  /** Uploads that are too slow, slowest first. */
  #slowest(): UploadPlace[] {
    const slow = [...this.#held].filter((place) =>
      place.isSlow(UNKNOWN_MS, SHORT_WINDOW_MS, this.#minBytesPerSecond),
    );
    return byPace(slow);
  }

  /** Uploads of the client with the most places, if it has two more than the client that waits. */
  #slowestOfGreediest(counts: ReadonlyMap<string, number>, newcomer: string): UploadPlace | undefined {
    const [greediest, most] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a), ['', 0]);
    if (most < (counts.get(newcomer) ?? 0) + 2) return undefined;
    return byPace([...this.#held].filter((place) => place.client === greediest && place.isReading))[0];
  }
}

/** The slowest first. */
function byPace(places: readonly UploadPlace[]): UploadPlace[] {
  return [...places].sort((a, b) => a.bytesPerSecond(SHORT_WINDOW_MS) - b.bytesPerSecond(SHORT_WINDOW_MS));
}

function clientLeft(): TesseraError {
  return new TesseraError('upload_aborted', 'The connection ended before the body did.');
}

function slowestOfAll(): TesseraError {
  return queueFull('Others wait to upload, and this upload was the slowest; try again in a moment.', 5);
}

function tooSlow(minBytesPerSecond: number): TesseraError {
  const accepted = `at least ${minBytesPerSecond} bytes a second`;
  return new TesseraError('upload_timeout', `The upload came too slowly; accepted is ${accepted}.`, {
    details: { accepted },
  });
}
