import type { IncomingMessage } from 'node:http';
import type { Config } from '../../config/config.js';
import { TesseraError } from '../../domain/errors.js';
import { queueFull } from '../../jobs/uploads.js';
import { LOOK_EVERY_MS } from './pace.js';
import { UploadPlace } from './upload-place.js';

/** Over so long an upload must keep the least pace: honest mobile connections stall for some seconds. */
const WINDOW_MS = 15_000;
/** While others wait for a place it must keep it over so long. */
const SHORT_WINDOW_MS = 2000;
/** Before that nothing is known of an upload's pace. */
const UNKNOWN_MS = 1000;
/** A newcomer waits so long before somebody with more than a fair share has to give up a place: most uploads are over by then. */
const PATIENCE_MS = 1000;
/** And so long before it is refused. */
const MAX_WAIT_MS = 3000;
/** How often those who wait are looked at. */
const ATTEND_EVERY_MS = 25;

interface UploadWish {
  /** Whose upload it is, where places are shared out. */
  readonly client: string;
  readonly body: IncomingMessage;
  /** Aborted when the client has left. */
  readonly gone: AbortSignal;
  /** Called when there is no place at once; the client should begin to send all the same. */
  onWait(): void;
}

/**
 * The places for uploads: `MAX_CONCURRENT_UPLOADS`, of which one client may have all while nobody else wants any. When they are
 * short, whoever has sent the most comes first, then whoever holds the fewest. Those who send too slowly lose their places to
 * them, then the slowest of the client that has the most; a newcomer is refused only when nobody has more than it.
 */
export class UploadPlaces {
  readonly #places: number;
  readonly #minBytesPerSecond: number;
  readonly #held = new Set<UploadPlace>();
  /** In the order in which they came, each with what gives it its place. */
  readonly #waiting = new Map<UploadPlace, () => void>();
  #looking: NodeJS.Timeout | undefined;
  #attending: NodeJS.Timeout | undefined;

  constructor(config: Pick<Config, 'MAX_CONCURRENT_UPLOADS' | 'MIN_BYTES_PER_SECOND'>) {
    this.#places = config.MAX_CONCURRENT_UPLOADS;
    this.#minBytesPerSecond = config.MIN_BYTES_PER_SECOND;
  }

  /**
   * A place for an upload, at once or within some seconds; whoever gets it releases it.
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

  /** Once a while: who is too slow. */
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

  /** Gives free places to those that wait, and makes room where there are none. */
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

  /** Half of the places are for those who have begun to send, or have had the time to. */
  #mayTake(place: UploadPlace): boolean {
    const free = this.#places - this.#held.size;
    if (free <= 0) return false;
    return free > this.#places / 2 || place.hasBegun || performance.now() - place.sinceMs >= UNKNOWN_MS;
  }

  /** Ends one upload for each that waits and has begun to send, where there is one that should make room. */
  #makeRoom(): void {
    const free = this.#places - this.#held.size;
    // Places of those that were refused before come free as soon as their folders are removed.
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

  /** Those that wait: whoever has sent plenty first, then something; then whoever holds the fewest places, then whoever came first. */
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

  /** Places by client, without those that come free. */
  #counts(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { client, isRefused } of this.#held)
      if (!isRefused) counts.set(client, (counts.get(client) ?? 0) + 1);
    return counts;
  }

  /** Those that come too slowly, the slowest first. */
  #slowest(): UploadPlace[] {
    const slow = [...this.#held].filter((place) =>
      place.isSlow(UNKNOWN_MS, SHORT_WINDOW_MS, this.#minBytesPerSecond),
    );
    return byPace(slow);
  }

  /** Of the client with the most places, when it has two more than the one that wants one. */
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
