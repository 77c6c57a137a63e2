import type { CostModel } from '../../cost/cost-model.js';
import type { Log } from '../../domain/types.js';
import { monotonicMs } from '../../host/clock.js';
import { messageOf } from '../failure.js';
import { modelKey } from '../model-key.js';
import type { SessionPool } from '../onnx/session-pool.js';
import { fastestRun, warmUpTile } from '../onnx/warm-up.js';
import { type NetworkCandidate, namesOf } from './candidate.js';

/** A tile takes about this long at the known speed, and less where that was too slow: a job that comes meanwhile waits for one. */
const TILE_US = 50_000;
const MIN_SIDE_PX = 32;
const MAX_SIDE_PX = 64;
/** A request that would skip a network measures it first when this has passed since its last measurement. */
const OLD_MS = 60_000;
/** A request with less time left measures nothing: loading a network may take some of it. */
const MIN_LEFT_MS = 10_000;
/** A network that is as slow as it was known is not measured again for this long, and twice as long each time. */
const FIRST_PAUSE_MS = 60_000;
const MAX_PAUSE_MS = 3_600_000;

/**
 * Measures networks again that were too slow for an image at their known speed. A network that is never run is never measured, so a first
 * measurement on a busy machine would keep it from every large image.
 */
export class SecondLook {
  /** Skipped, and not measured since; by `keyOf`, as the pauses. */
  readonly #skipped = new Map<string, NetworkCandidate>();
  readonly #pauses = new Map<string, { readonly lengthMs: number; readonly endsMs: number }>();

  constructor(
    private readonly parts: { readonly pool: SessionPool; readonly costs: CostModel; readonly log: Log },
  ) {}

  /** The models have changed: those that were skipped need no measurement. */
  forgetSkipped(): void {
    this.#skipped.clear();
  }

  /** A network was too slow for an image. */
  note(candidate: NetworkCandidate): void {
    this.#skipped.set(keyOf(candidate), candidate);
  }

  /**
   * Whether a request should measure a network before it skips it: the measurement is old, and time is left for another candidate to serve
   * after it.
   */
  isDue(candidate: NetworkCandidate, { deadlineAtMs }: { readonly deadlineAtMs: number }): boolean {
    const ageMs = this.parts.costs.nowMs() - this.#measuredAtMs(candidate);
    return deadlineAtMs - monotonicMs() >= MIN_LEFT_MS && ageMs >= OLD_MS && !this.#isPaused(candidate);
  }

  /**
   * Measures what was skipped, one tile after the other.
   * @param signal stops it before the next tile. @returns whether anything was measured.
   */
  async measureSkipped(signal: AbortSignal): Promise<boolean> {
    let measured = false;
    for (const candidate of [...this.#skipped.values()]) {
      if (signal.aborted) break;
      // One that was never loaded here may have ended another engine: a request measures it, whose job is then blamed and helped.
      if (this.#measuredAtMs(candidate) === Number.NEGATIVE_INFINITY || this.#isPaused(candidate)) continue;
      measured = (await this.measure(candidate, signal)) || measured;
    }
    return measured;
  }

  /** Measures one network now. @returns whether that was possible. */
  async measure(candidate: NetworkCandidate, signal?: AbortSignal): Promise<boolean> {
    const { pool, costs, log } = this.parts;
    const { entry, provider } = candidate;
    const key = modelKey(entry);
    try {
      const loan = await pool.borrow(entry, provider);
      try {
        const tile = warmUpTile(...this.#sides(candidate));
        const fastestMs = await fastestRun(loan.model, tile, signal);
        if (fastestMs === Number.POSITIVE_INFINITY) return false;
        const faster = costs.correctSpeed(key, provider, tile.width * tile.height, fastestMs);
        this.#looked(candidate, faster);
        const microsecondsPerPixel = costs.speed(key, provider);
        log.info({ ...namesOf(candidate), microsecondsPerPixel, faster }, 'model measured again');
        return true;
      } finally {
        loan.giveBack();
      }
    } catch (error) {
      // The next request for this network records why it does not serve.
      log.debug({ ...namesOf(candidate), reason: messageOf(error) }, 'a model was not measured again');
      this.#looked(candidate, false);
      return false;
    }
  }

  #measuredAtMs({ entry, provider }: NetworkCandidate): number {
    return this.parts.costs.measuredAtMs(modelKey(entry), provider);
  }

  #isPaused(candidate: NetworkCandidate): boolean {
    return this.parts.costs.nowMs() < (this.#pauses.get(keyOf(candidate))?.endsMs ?? 0);
  }

  #looked(candidate: NetworkCandidate, faster: boolean): void {
    const key = keyOf(candidate);
    const lengthMs = Math.min(MAX_PAUSE_MS, 2 * (this.#pauses.get(key)?.lengthMs ?? FIRST_PAUSE_MS / 2));
    this.#skipped.delete(key);
    if (faster) this.#pauses.delete(key);
    else this.#pauses.set(key, { lengthMs, endsMs: this.parts.costs.nowMs() + lengthMs });
  }

  /** [width, height] in pixels. GPUs tune their kernels for each shape and get that of the first measurement. */
  #sides({ entry, provider }: NetworkCandidate): [number, number] {
    const { fixed, multipleOf, minimum } = entry.sizeRequirements;
    if (fixed !== undefined) return [...fixed];
    if (provider !== 'cpu') return [MAX_SIDE_PX, MAX_SIDE_PX];
    const wanted = Math.sqrt(TILE_US / (this.parts.costs.speed(modelKey(entry), provider) ?? 1));
    const side = Math.max(minimum, MIN_SIDE_PX, Math.min(MAX_SIDE_PX, wanted));
    const whole = Math.ceil(side / multipleOf) * multipleOf;
    return [whole, whole];
  }
}

function keyOf({ entry, provider }: NetworkCandidate): string {
  return `${modelKey(entry)}@${provider}`;
}
