import type { CostModel } from '../../cost/cost-model.js';
import { measuredSeconds } from '../../cost/job-time.js';
import { tileLimits } from '../../cost/tile-grid.js';
import { engineUnavailable, TesseraError } from '../../domain/errors.js';
import type { ImageRequest, UpscalePlan, UpscaleResult, UpscaleTask } from '../../domain/types.js';
import { Changes, MAX_TIMER_MS } from '../../host/changes.js';
import { monotonicMs } from '../../host/clock.js';
import type { Engine, EngineStatus, RunHooks } from '../engine.js';
import type { StopCode } from '../protocol.js';
import { Assignment, type DeathCause } from './assignment.js';
import { dispatch } from './dispatch.js';
import { EngineGone, type EngineHandle, type EngineListener } from './engine-handle.js';
import { EngineReport } from './engine-report.js';
import { Fleet, type FleetOptions } from './fleet.js';

/** Time limit from a stop to the answer. An engine that reacts reports more, such as the attempts. */
const ANSWER_GRACE_MS = 1000;
/** Time for engines without work to exit by themselves. */
const EXIT_LIMIT_MS = 1000;

/** Gives jobs to a fleet of engine processes, and brings each job to its end through crashes, silence and lost devices. */
export class Supervisor implements Engine {
  readonly #fleet: Fleet;
  readonly #waiting: Assignment[] = [];
  readonly #report: EngineReport;
  readonly #changes = new Changes();
  #stopping = false;
  /** Calls of `run` in progress. */
  #unfinished = 0;

  constructor(private readonly options: FleetOptions) {
    const { threads, memoryBytes } = options.settings;
    this.#report = new EngineReport(tileLimits(threads, memoryBytes));
    const listener: EngineListener = {
      onReady: () => this.#dispatch(),
      onStatus: (models, providers, learnt) => this.#report.update(models, providers, learnt),
      onVacancy: () => this.#dispatch(),
      onDeviceLost: (engine, assignment) =>
        this.#evacuate(engine, [assignment, ...engine.assignments.values()]),
      onOutOfMemory: (assignment) => {
        if (!assignment.ended) this.#waitAgain([assignment]);
      },
      onExit: (engine, _how, cause) => this.#runAgain(engine, cause),
    };
    this.#fleet = new Fleet(options, listener, () => this.#report.costs.learnt);
  }

  async run(task: UpscaleTask, hooks: RunHooks): Promise<UpscaleResult> {
    if (this.#stopping || (this.#neverWorked && hooks.deadlineFromStart === undefined))
      this.#refuseIfUnable();
    let endHooks = () => {};
    this.#unfinished++;
    try {
      return await new Promise<UpscaleResult>((resolve, reject) => {
        const assignment = new Assignment(
          task,
          hooks,
          { resolve, reject },
          this.options.settings.config.MAX_TIMEOUT_SECONDS,
          () => measuredSeconds(task, this.#report.models, this.costs),
        );
        if (!assignment.isPatient) this.#watchDeadline(assignment);
        const abort = () => this.#stop(assignment, stopCode(hooks.signal));
        hooks.signal.addEventListener('abort', abort);
        endHooks = () => hooks.signal.removeEventListener('abort', abort);
        this.#waiting.push(assignment);
        if (hooks.signal.aborted) abort();
        this.#dispatch();
      });
    } finally {
      endHooks();
      this.#unfinished--;
      this.#changes.announce();
    }
  }

  leaving(id: string): Promise<void> | undefined {
    const gone = () => !this.#fleet.all.some((engine) => engine.holds(id));
    return gone() ? undefined : this.#changes.until(gone).then(() => {});
  }

  async plan(request: ImageRequest): Promise<UpscalePlan> {
    const { timeoutSeconds } = request.options;
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () =>
          reject(
            new TesseraError(
              'deadline_exceeded',
              'The engines were too busy to make a plan in time; try again later, or ask for a longer timeout.',
              { details: { parameter: 'timeout' } },
            ),
          ),
        Math.min(timeoutSeconds * 1000, MAX_TIMER_MS),
      );
    });
    try {
      return await Promise.race([this.#plan(request), limit]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #plan(request: ImageRequest): Promise<UpscalePlan> {
    for (;;) {
      await this.#untilDownOr(() => this.#fleet.ready.length > 0);
      const [engine] = [...this.#fleet.ready].sort((a, b) => a.assignments.size - b.assignments.size);
      if (engine === undefined) continue;
      try {
        return await engine.plan(request);
      } catch (thrown) {
        if (!(thrown instanceof EngineGone)) throw thrown;
      }
    }
  }

  status(): EngineStatus {
    return {
      state: this.#state(),
      engines: this.#fleet.all
        .filter((engine) => engine.pid > 0)
        .map(({ pid, state, assignments, rssBytes }) => ({ pid, state, jobs: assignments.size, rssBytes })),
      threadsPerEngine: this.options.settings.threads,
      startsFail: this.#fleet.isDown,
      restarts: this.#fleet.restarts,
      models: this.#report.models,
      providers: this.#report.providers,
    };
  }

  get costs(): CostModel {
    return this.#report.costs;
  }

  modelsChanged(): void {
    for (const engine of this.#fleet.all) engine.modelsChanged();
  }

  ready(): Promise<void> {
    return this.#untilDownOr(() => this.#fleet.wasReady);
  }

  async close(graceMs: number): Promise<void> {
    this.#stopping = true;
    this.#changes.announce();
    await this.#changes.until(() => this.#unfinished === 0, graceMs);
    // Engines still busy after the grace period are killed.
    for (const assignment of this.#waiting.splice(0)) assignment.fail(assignment.stop('shutting_down'));
    for (const engine of this.#fleet.all) {
      for (const assignment of engine.assignments.values()) assignment.stop('shutting_down');
    }
    this.#fleet.close();
    const gone = () => this.#fleet.all.length === 0;
    if (!(await this.#changes.until(gone, EXIT_LIMIT_MS))) {
      this.#fleet.kill();
      await this.#changes.until(gone);
    }
    await this.#changes.until(() => this.#unfinished === 0);
  }

  #dispatch(): void {
    if (!this.#stopping) this.#fleet.replaceTheBloated();
    for (const { assignment, engine } of dispatch(this.#waiting, this.#fleet.ready)) {
      this.#waiting.splice(this.#waiting.indexOf(assignment), 1);
      assignment.started();
      if (assignment.isPatient) this.#watchDeadline(assignment);
      engine.run(assignment);
    }
    this.#changes.announce();
  }

  /** Handles the end of an engine: its jobs continue in another one, except jobs that were blamed for the last time. */
  #runAgain(engine: EngineHandle, cause: DeathCause): void {
    const jobs = [...engine.assignments.values()];
    for (const assignment of jobs) assignment.engineDied(jobs.length === 1, cause);
    this.#waitAgain(jobs.filter((assignment) => !assignment.ended));
    if (this.#neverWorked) {
      const refused = this.#waiting.filter(({ isPatient }) => !isPatient);
      for (const assignment of refused) {
        this.#waiting.splice(this.#waiting.indexOf(assignment), 1);
        assignment.fail(engineUnavailable());
      }
    }
    this.#dispatch();
  }

  #watchDeadline(assignment: Assignment): void {
    const leftMs = Math.min(Math.max(0, assignment.task.deadlineAtMs - monotonicMs()), MAX_TIMER_MS);
    clearTimeout(assignment.deadlineTimer);
    assignment.deadlineTimer = setTimeout(() => this.#stop(assignment, 'deadline_exceeded'), leftMs);
  }

  #stop(assignment: Assignment, code: StopCode): void {
    if (assignment.ended || assignment.stopping !== undefined) return;
    const place = this.#waiting.indexOf(assignment);
    if (place >= 0) {
      this.#waiting.splice(place, 1);
      // Another timeout would not have helped: there was no engine to wait for.
      const noEngine = code === 'deadline_exceeded' && this.#fleet.ready.length === 0;
      assignment.fail(noEngine ? engineUnavailable() : assignment.stop(code));
      this.#dispatch();
      return;
    }
    const error = assignment.stop(code);
    const engine = this.#fleet.all.find((host) => host.assignments.has(assignment.task.id));
    engine?.stop(assignment.task.id, error);
    assignment.answerTimer = setTimeout(() => assignment.giveUp(), ANSWER_GRACE_MS);
    const limit = setTimeout(() => {
      if (engine !== undefined) this.#expel(engine, assignment);
    }, this.options.silenceMs);
    // The caller waits no longer. The timer alone must not keep the process alive.
    limit.unref();
  }

  /** Handles a stuck job, which does not stop at its next tile: its engine is killed, and only this job is blamed. */
  #expel(engine: EngineHandle, assignment: Assignment): void {
    if (!engine.assignments.has(assignment.task.id)) return;
    this.options.log.warn(
      { pid: engine.pid, job: assignment.task.id },
      'an engine is killed: a job does not stop',
    );
    this.#evacuate(engine, [...engine.assignments.values()]);
  }

  /**
   * Ends an engine that lost a device or holds a stuck job. Its other jobs wait again, without blame; jobs that were
   * to stop have stopped.
   */
  #evacuate(engine: EngineHandle, jobs: readonly Assignment[]): void {
    engine.assignments.clear();
    engine.kill();
    for (const job of jobs) if (job.stopping !== undefined) job.fail(job.stopping);
    this.#waitAgain(jobs.filter((job) => !job.ended));
    this.#dispatch();
  }

  /** They go before jobs that wait for the first time. */
  #waitAgain(jobs: readonly Assignment[]): void {
    for (const { isPatient, deadlineTimer } of jobs) if (isPatient) clearTimeout(deadlineTimer);
    this.#waiting.unshift(...jobs);
  }

  /** Whether engines cannot be started and never could. */
  get #neverWorked(): boolean {
    return this.#fleet.isDown && !this.#fleet.wasReady;
  }

  #state(): EngineStatus['state'] {
    if (this.#stopping) return 'stopping';
    const ready = this.#fleet.ready.length;
    if (ready === this.options.engines) return 'ready';
    if (ready > 0) return 'degraded';
    return this.#fleet.wasReady || this.#fleet.isDown ? 'down' : 'starting';
  }

  async #untilDownOr(condition: () => boolean): Promise<void> {
    await this.#changes.until(() => this.#stopping || this.#fleet.isDown || condition());
    this.#refuseIfUnable();
  }

  #refuseIfUnable(): void {
    if (this.#stopping) throw new TesseraError('shutting_down', 'The service is stopping.');
    if (this.#fleet.isDown) throw engineUnavailable();
  }
}

/** The reason of an aborted signal, if it is a TesseraError. */
function stopCode(signal: AbortSignal): StopCode {
  const code = signal.reason instanceof TesseraError ? signal.reason.code : undefined;
  return code === 'deadline_exceeded' || code === 'shutting_down' ? code : 'cancelled';
}
