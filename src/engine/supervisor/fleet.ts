import type { LearntCosts } from '../../domain/learnt-costs.js';
import type { Log } from '../../domain/types.js';
import type { EngineSettings } from '../protocol.js';
import { Backoff } from './backoff.js';
import { EngineHandle, type EngineLaunch, type EngineListener } from './engine-handle.js';

export interface FleetOptions {
  readonly engines: number;
  readonly launch: EngineLaunch;
  readonly settings: Omit<EngineSettings, 'preload' | 'learnt'>;
  /** Silence after which an engine with work is killed. */
  readonly silenceMs: number;
  readonly log: Log;
}

/** Failed starts in a row after which the fleet counts as down. Tries go on after that. */
const FAILED_STARTS_TO_BE_DOWN = 3;
/** Time limit from fork to ready, with loading a model and proving each provider. */
const START_LIMIT_MS = 120_000;
/** After a life this long the restart is not delayed. */
const GOOD_LIFE_MS = 10_000;

/**
 * Keeps a number of engine processes alive. It replaces dead ones, with growing delays when they die young, and kills
 * silent ones.
 */
export class Fleet {
  /** Engines started in place of dead ones. */
  restarts = 0;
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
    /** Measurements of the engines so far, for the next one. */
    private readonly learnt: () => LearntCosts,
  ) {
    for (let index = 0; index < options.engines; index++) this.#start();
    this.#watch = setInterval(() => this.#killTheSilent(), options.silenceMs / 4);
    this.#watch.unref();
  }

  /** All processes in any state. */
  get all(): readonly EngineHandle[] {
    return [...this.#engines];
  }

  get ready(): readonly EngineHandle[] {
    return this.all.filter((engine) => engine.state === 'ready');
  }

  /** Whether engines cannot be started at present. */
  get isDown(): boolean {
    return this.#failedStarts >= FAILED_STARTS_TO_BE_DOWN && this.ready.length === 0;
  }

  /** Starts no more engines and ends the present ones; busy ones at once. */
  close(): void {
    this.#closing = true;
    clearInterval(this.#watch);
    for (const timer of this.#restartTimers) clearTimeout(timer);
    for (const engine of this.#engines) {
      if (engine.state === 'ready' && engine.assignments.size === 0) engine.disconnect();
      else engine.kill();
    }
  }

  /** Ends engines without work that have less room than a new process would have. Others replace them. */
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

  /** Kills all remaining processes. */
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
      // Without memory or processes, some starts throw, and others exit later.
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
      // If this process was held up (a suspended machine, a debugger), their messages are still unread.
      if (lateMs > silenceMs / 2) engine.lastHeardMs = nowMs;
      if (engine.assignments.size === 0 || nowMs - engine.lastHeardMs < silenceMs) continue;
      log.warn({ pid: engine.pid, jobs: engine.assignments.size }, 'an engine is killed: it is silent');
      engine.kill();
    }
  }
}
