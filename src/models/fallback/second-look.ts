import { setImmediate as nextPass } from 'node:timers/promises';
import type { CostModel } from '../../cost/cost-model.js';
import type { Log } from '../../domain/types.js';
import { monotonicMs } from '../../host/clock.js';
import { messageOf } from '../failure.js';
import { modelKey } from '../model-key.js';
import type { SessionPool } from '../onnx/session-pool.js';
import { warmUpTile } from '../onnx/warm-up.js';
import type { NetworkCandidate } from './candidate.js';
import type { ChainRequest } from './chain-request.js';

/** Of several tiles the fastest counts, as in a first measurement. */
const TILES = 3;
/** A tile takes about this long by what is known, and less where that was too slow: whoever comes meanwhile waits for one. */
const TILE_US = 50_000;
const MIN_SIDE_PX = 32;
const MAX_SIDE_PX = 64;
/** A request that would skip a network measures it first when this has passed since anything was measured. */
const OLD_MS = 60_000;
/** Unless less is left of its time: loading a network may take some of it. */
const MIN_LEFT_MS = 10_000;
/** A network that was looked at again and is as slow as it was known is not looked at for this long, and twice as long each time. */
const FIRST_PAUSE_MS = 60_000;
const MAX_PAUSE_MS = 3_600_000;

/** What a second look needs of the chain. */
interface SecondLookParts {
  readonly pool: SessionPool;
  readonly costs: CostModel;
  readonly log: Log;
}

/**
 * Measures networks again that were too slow for an image by what is known of them: a first measurement made while the machine was busy
 * would keep a network from every large image, since what is never run is never measured.
 */
export class SecondLook {
  /** Skipped, and not measured since. */
  readonly #skipped = new Map<string, NetworkCandidate>();
  readonly #pauses = new Map<string, { readonly lengthMs: number; readonly endsMs: number }>();

  constructor(private readonly parts: SecondLookParts) {}

  /** The models are others now: those that were skipped are no longer to be measured. */
  forgetSkipped(): void {
    this.#skipped.clear();
  }

  /** The network was too slow for an image: it is among those to be measured. */
  note(candidate: NetworkCandidate): void {
    this.#skipped.set(keyOf(candidate), candidate);
  }

  /**
   * Whether what is known of the speed is so old that an image should not be refused for it: one waits for some tiles, once in a while,
   * rather than all for ever in vain. It must have the time: another candidate may have to serve it after that.
   */
  isDue(candidate: NetworkCandidate, request: Pick<ChainRequest, 'deadlineAtMs'>): boolean {
    if (request.deadlineAtMs - monotonicMs() < MIN_LEFT_MS) return false;
    const ageMs =
      this.parts.costs.nowMs() - this.parts.costs.measuredAtMs(modelKey(candidate.entry), candidate.provider);
    return ageMs >= OLD_MS && !this.#isPaused(candidate);
  }

  /** Measures one network now. @returns whether that was possible. */
  measure(candidate: NetworkCandidate): Promise<boolean> {
    return this.#measure(candidate, new AbortController().signal);
  }

  /**
   * Measures what was skipped, one tile after the other.
   * @param signal stops it before the next tile. @returns whether anything was measured.
   */
  async measureSkipped(signal: AbortSignal): Promise<boolean> {
    const { costs } = this.parts;
    let measured = false;
    for (const candidate of [...this.#skipped.values()]) {
      if (signal.aborted) break;
      // One that was never loaded here may have ended another engine: it is left to a request, which would be blamed and helped.
      const ranHere =
        costs.measuredAtMs(modelKey(candidate.entry), candidate.provider) > Number.NEGATIVE_INFINITY;
      if (ranHere && !this.#isPaused(candidate))
        measured = (await this.#measure(candidate, signal)) || measured;
    }
    return measured;
  }

  #isPaused(candidate: NetworkCandidate): boolean {
    return this.parts.costs.nowMs() < (this.#pauses.get(keyOf(candidate))?.endsMs ?? 0);
  }

  async #measure(candidate: NetworkCandidate, signal: AbortSignal): Promise<boolean> {
    const { pool, costs, log } = this.parts;
    const { entry, provider } = candidate;
    try {
      const loan = await pool.borrow(entry, provider);
      try {
        const tile = warmUpTile(...this.#sides(candidate));
        let fastestMs = Number.POSITIVE_INFINITY;
        for (let tiles = 0; tiles < TILES && !signal.aborted; tiles++) {
          // Where a tile blocks the event loop, a job that has come is heard of here.
          if (tiles > 0) await nextPass();
          const startedMs = performance.now();
          await loan.model.run(tile);
          fastestMs = Math.min(fastestMs, performance.now() - startedMs);
        }
        if (fastestMs === Number.POSITIVE_INFINITY) return false;
        const faster = costs.correctSpeed(modelKey(entry), provider, tile.width * tile.height, fastestMs);
        this.#noteLook(candidate, faster);
        const speed = costs.speed(modelKey(entry), provider);
        log.info(
          { model: entry.name, provider, microsecondsPerPixel: speed, faster },
          'model measured again',
        );
        return true;
      } finally {
        loan.giveBack();
      }
    } catch (error) {
      // Whoever asks for this network next is told why it does not serve.
      log.debug({ model: entry.name, provider, reason: messageOf(error) }, 'a model was not measured again');
      this.#noteLook(candidate, false);
      return false;
    }
  }

  #noteLook(candidate: NetworkCandidate, faster: boolean): void {
    const key = keyOf(candidate);
    this.#skipped.delete(key);
    const before = this.#pauses.get(key)?.lengthMs ?? FIRST_PAUSE_MS / 2;
    if (faster) {
      this.#pauses.delete(key);
      return;
    }
    const lengthMs = Math.min(MAX_PAUSE_MS, before * 2);
    this.#pauses.set(key, { lengthMs, endsMs: this.parts.costs.nowMs() + lengthMs });
  }

  /** [width, height] in pixels. GPUs tune for each new shape and get the one of the first measurement. */
  #sides({ entry, provider }: NetworkCandidate): [number, number] {
    const { fixed, multipleOf, minimum } = entry.sizeRequirements;
    if (fixed !== undefined) return [...fixed];
    if (provider !== 'cpu') return [MAX_SIDE_PX, MAX_SIDE_PX];
    const usual = Math.sqrt(TILE_US / (this.parts.costs.speed(modelKey(entry), provider) ?? 1));
    const side = Math.max(minimum, MIN_SIDE_PX, Math.min(MAX_SIDE_PX, usual));
    const whole = Math.ceil(side / multipleOf) * multipleOf;
    return [whole, whole];
  }
}

function keyOf({ entry, provider }: NetworkCandidate): string {
  return `${modelKey(entry)}@${provider}`;
}
