import type { LearntCosts, Log } from '../../domain/types.js';
import type { EngineSettings } from '../protocol.js';
import { Backoff } from './backoff.js';
import { EngineHandle, type EngineLaunch, type EngineListener } from './engine-handle.js';

export interface FleetOptions {
  readonly engines: number;
  readonly launch: EngineLaunch;
  readonly settings: Omit<EngineSettings, 'preload' | 'learnt'>;
  /** An engine with work that says nothing for this long is killed. */
  readonly silenceMs: number;
  readonly log: Log;
}

/** Starts in a row that must fail before the fleet counts as down; tries go on after that. */
const FAILED_STARTS_TO_BE_DOWN = 3;
/** Longest time from fork to ready: loading a model and proving each provider included. */
const START_LIMIT_MS = 120_000;
/** A life this long was a good one: the restart after it is not delayed. */
const GOOD_LIFE_MS = 10_000;

/** Keeps a number of engine processes alive: replaces the dead, later and later when they die young, and kills the silent. */
export class Fleet {
  /** Engines started in the place of dead ones. */
  restarts = 0;
  /** An engine was ready once. */
  wasReady = false;
  readonly #engines = new Set<EngineHandle>();
  readonly #restartTimers = new Set<NodeJS.Timeout>();
  readonly #backoff = new Backoff();
  readonly #watch: NodeJS.Timeout;
  #failedStarts = 0;
  #lastWatchMs = performance.now();
  #closing = false;

  constructor(
    private readonly options: FleetOptions,
    private readonly listener: EngineListener,
    /** What engines have told so far, for the next one. */
    private readonly learnt: () => LearntCosts,
  ) {
    for (let index = 0; index < options.engines; index++) this.#start();
    this.#watch = setInterval(() => this.#killTheSilent(), options.silenceMs / 4);
    this.#watch.unref();
  }

  /** Every process there is, in whatever state. */
  get all(): readonly EngineHandle[] {
    return [...this.#engines];
  }

  get ready(): readonly EngineHandle[] {
    return this.all.filter((engine) => engine.state === 'ready');
  }

  /** Engines cannot be started, at least for now. */
  get isDown(): boolean {
    return this.#failedStarts >= FAILED_STARTS_TO_BE_DOWN && this.ready.length === 0;
  }

  /** Starts no more engines and ends those that are; the busy ones without another word. */
  close(): void {
    this.#closing = true;
    clearInterval(this.#watch);
    for (const timer of this.#restartTimers) clearTimeout(timer);
    for (const engine of this.#engines) {
      if (engine.state === 'ready' && engine.assignments.size === 0) engine.disconnect();
      else engine.kill();
    }
  }

  /** Ends engines that have no work and less room than a new process would have; others take their places. */
  replaceTheBloated(): void {
    for (const engine of this.#engines) {
      if (!engine.worthReplacing) continue;
      this.options.log.warn(
        { pid: engine.pid, rssBytes: engine.rssBytes },
        'an engine is replaced: memory ran out in it',
      );
      engine.kill();
    }
  }

  /** Ends whatever is still there. */
  kill(): void {
    for (const engine of this.#engines) engine.kill();
  }

  #start(): void {
    const { launch, settings, log } = this.options;
    const startedMs = performance.now();
    let limit: NodeJS.Timeout | undefined;
    try {
      const learnt = this.learnt();
      const engine = new EngineHandle(launch, { ...settings, preload: this.restarts === 0, learnt }, log, {
        ...this.listener,
        onReady: () => {
          clearTimeout(limit);
          this.wasReady = true;
          this.#failedStarts = 0;
          this.listener.onReady();
        },
        onExit: (dead, how, cause) => {
          clearTimeout(limit);
          this.#engines.delete(dead);
          if (!this.#closing) {
            log.warn({ pid: dead.pid, jobs: dead.assignments.size }, `an engine has ended: ${how}`);
            this.#startAnother(dead.wasReady, performance.now() - startedMs);
          }
          this.listener.onExit(dead, how, cause);
        },
      });
      this.#engines.add(engine);
      limit = setTimeout(() => engine.kill(), START_LIMIT_MS);
    } catch (thrown) {
      // Out of memory or processes: some of these failures are thrown, others arrive as an exit.
      log.warn({ err: thrown }, 'an engine could not be started');
      this.#startAnother(false, 0);
    }
  }

  #startAnother(wasReady: boolean, livedMs: number): void {
    this.restarts++;
    if (!wasReady) this.#failedStarts++;
    const goodLife = wasReady && livedMs >= GOOD_LIFE_MS;
    if (goodLife) this.#backoff.reset();
    const timer = setTimeout(
      () => {
        this.#restartTimers.delete(timer);
        this.#start();
      },
      goodLife ? 0 : this.#backoff.nextDelayMs(),
    );
    this.#restartTimers.add(timer);
  }

  #killTheSilent(): void {
    const { silenceMs, log } = this.options;
    const nowMs = performance.now();
    const lateMs = nowMs - this.#lastWatchMs - silenceMs / 4;
    this.#lastWatchMs = nowMs;
    for (const engine of this.#engines) {
      // When this process itself was held up (a suspended machine, a debugger), their messages are still to be read.
      if (lateMs > silenceMs / 2) engine.lastHeardMs = nowMs;
      if (engine.assignments.size === 0 || nowMs - engine.lastHeardMs < silenceMs) continue;
      log.warn({ pid: engine.pid, jobs: engine.assignments.size }, 'an engine is killed: it is silent');
      engine.kill();
    }
  }
}
