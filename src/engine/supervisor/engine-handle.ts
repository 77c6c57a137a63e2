import { type ChildProcess, fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { TesseraError } from '../../domain/errors.js';
import type { LearntCosts } from '../../domain/learnt-costs.js';
import {
  type ImageRequest,
  LANCZOS,
  type Log,
  type ModelStatus,
  type ProviderStatus,
  type UpscalePlan,
} from '../../domain/types.js';
import { lacksMemory } from '../../models/failure.js';
import { type EngineSettings, type FromEngine, PROTOCOL_VERSION, type ToEngine } from '../protocol.js';
import type { Assignment, DeathCause } from './assignment.js';

export interface EngineLaunch {
  /** Path of the runner's module. */
  readonly runnerPath: string;
  /** Environment of the process, without secrets. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Runs in place of node: a wrapper that sets limits and then executes node with its arguments. */
  readonly execPath?: string;
}

/** Callbacks of an engine process to its supervisor. */
export interface EngineListener {
  onReady(): void;
  onStatus(models: readonly ModelStatus[], providers: readonly ProviderStatus[], learnt: LearntCosts): void;
  /** A job has left the engine in any way. */
  onVacancy(): void;
  onDeviceLost(engine: EngineHandle, assignment: Assignment): void;
  /** The assignment has left the engine; it has ended or will run again. */
  onOutOfMemory(assignment: Assignment): void;
  /** Called once, whether the process ever started or not. Its jobs are still in `assignments`. */
  onExit(engine: EngineHandle, how: string, cause: DeathCause): void;
}

/** Exit code of a shell whose child was killed by SIGKILL. */
const KILLED = 128 + 9;

const ENTRY = fileURLToPath(new URL('../worker/main.js', import.meta.url));

/** A plan in progress when its engine died. Another engine may answer. */
export class EngineGone extends Error {
  override readonly name = 'EngineGone';
}

interface PendingPlan {
  resolve(plan: UpscalePlan): void;
  reject(error: Error): void;
}

/** The server's handle on one engine process: handshake, jobs inside, last sign of life. */
export class EngineHandle {
  state: 'starting' | 'ready' | 'stopping' = 'starting';
  rssBytes = 0;
  lastHeardMs = performance.now();
  /** The process was ready once. */
  wasReady = false;
  readonly assignments = new Map<string, Assignment>();
  readonly #child: ChildProcess;
  /** Jobs that the process has not let go of, including those whose assignments were taken from it. */
  readonly #inside = new Set<string>();
  readonly #plans = new Map<number, PendingPlan>();
  #lastPlanId = 0;
  #gone = false;
  /** This side killed the process. */
  #killed = false;
  /** Its error output mentioned memory since it last had no work. */
  #lackedMemory = false;
  #networkServed = false;
  /** Memory ran out after a network had served: memory kept from earlier jobs is in the way. */
  #bloated = false;

  /** Never throws: a process that cannot be spawned ends by `onExit`, like one that dies later. */
  constructor(
    launch: EngineLaunch,
    settings: EngineSettings,
    private readonly log: Log,
    private readonly listener: EngineListener,
  ) {
    this.#child = fork(ENTRY, [launch.runnerPath], {
      env: launch.environment,
      ...(launch.execPath === undefined ? {} : { execPath: launch.execPath }),
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child.on('message', (message: FromEngine) => this.#receive(message));
    // There is no 'exit' when the program cannot be spawned. 'error' also comes when a message cannot be sent.
    this.#child.on('error', (error) => {
      if (this.#child.pid === undefined) this.#ended(`it could not be started: ${error.message}`, 'crash');
    });
    this.#child.on('exit', (code, signal) => {
      const how = signal === null ? `it exited with code ${code}` : `it was ended by ${signal}`;
      const bySystem = !this.#killed && (signal === 'SIGKILL' || code === KILLED);
      this.#ended(how, bySystem || (!this.#killed && this.#lackedMemory) ? 'memory' : 'crash');
    });
    this.#logLines('stdout');
    this.#logLines('stderr');
    this.#send({ type: 'start', version: PROTOCOL_VERSION, settings });
  }

  /** -1 if the process could not be spawned. */
  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** Whether it has no work, and less room than a new process would have. */
  get worthReplacing(): boolean {
    return this.#bloated && this.state === 'ready' && this.assignments.size === 0;
  }

  run(assignment: Assignment): void {
    // The silence of an engine without work means nothing; it counts from here.
    if (this.assignments.size === 0) {
      this.lastHeardMs = performance.now();
      this.#lackedMemory = false;
    }
    this.assignments.set(assignment.task.id, assignment);
    this.#inside.add(assignment.task.id);
    this.#send({ type: 'run', task: assignment.task });
  }

  /** Whether the process may still read or write the job's files. */
  holds(id: string): boolean {
    return this.#inside.has(id);
  }

  stop(id: string, error: TesseraError): void {
    this.#send({ type: 'stop', id, error: error.toMessage() });
  }

  /** @throws TesseraError from the engine, EngineGone when it dies first. */
  plan(request: ImageRequest): Promise<UpscalePlan> {
    return new Promise((resolve, reject) => {
      if (this.#gone) return reject(new EngineGone());
      this.#plans.set(++this.#lastPlanId, { resolve, reject });
      this.#send({ type: 'plan', planId: this.#lastPlanId, request });
    });
  }

  modelsChanged(): void {
    this.#send({ type: 'models-changed' });
  }

  /** Kills the process; `onExit` follows. */
  kill(): void {
    this.state = 'stopping';
    this.#killed = true;
    this.#child.kill('SIGKILL');
  }

  /** Disconnects, so that the process ends at the next pass of its event loop. */
  disconnect(): void {
    this.state = 'stopping';
    if (this.#child.connected) this.#child.disconnect();
  }

  #send(message: ToEngine): void {
    // A message to a dying process is lost with it. 'exit' follows, and its jobs run again.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  #receive(message: FromEngine): void {
    this.lastHeardMs = performance.now();
    switch (message.type) {
      case 'ready':
        if (message.version !== PROTOCOL_VERSION) {
          this.log.error({ pid: this.pid, version: message.version }, 'the engine speaks another protocol');
          this.kill();
          return;
        }
        this.state = 'ready';
        this.wasReady = true;
        this.listener.onReady();
        return;
      case 'heartbeat':
        this.rssBytes = message.rssBytes;
        return;
      case 'status':
        this.listener.onStatus(message.models, message.providers, message.learnt);
        return;
      case 'progress':
        this.assignments.get(message.id)?.progressed(message.progress);
        return;
      case 'attempt':
        this.assignments.get(message.id)?.attempted(message.attempt);
        return;
      case 'done': {
        const assignment = this.#leave(message.id);
        this.#noteMemory(assignment, message.result.model);
        assignment?.succeed(message.result);
        return;
      }
      case 'failed': {
        const assignment = this.#leave(message.id);
        this.#noteMemory(assignment);
        assignment?.fail(TesseraError.fromMessage(message.error));
        return;
      }
      case 'candidate-lost': {
        const assignment = this.#leave(message.id);
        this.log.warn({ pid: this.pid, candidate: message.candidate }, 'an engine has lost a device');
        assignment?.deviceLost(message.candidate);
        if (assignment !== undefined) this.listener.onDeviceLost(this, assignment);
        return;
      }
      case 'out-of-memory': {
        const shared = this.assignments.size > 1;
        const assignment = this.#leave(message.id);
        this.log.warn({ pid: this.pid, job: message.id, internal: message.internal }, 'memory ran out');
        this.#bloated = this.#networkServed;
        assignment?.outOfMemory({ shared, bloated: this.#bloated }, message.internal);
        if (assignment !== undefined) this.listener.onOutOfMemory(assignment);
        return;
      }
      case 'log':
        this.log[message.level]({ ...message.fields, pid: this.pid }, message.message);
        return;
      case 'planned':
        this.#takePlan(message.planId)?.resolve(message.plan);
        return;
      case 'plan-failed':
        this.#takePlan(message.planId)?.reject(TesseraError.fromMessage(message.error));
        return;
    }
  }

  #leave(id: string): Assignment | undefined {
    const assignment = this.assignments.get(id);
    this.assignments.delete(id);
    this.#inside.delete(id);
    if (assignment !== undefined) queueMicrotask(() => this.listener.onVacancy());
    return assignment;
  }

  /**
   * Records that memory ran out. A network that does not fit into a new process either is no reason to make one.
   * @param served undefined when no network did.
   */
  #noteMemory(assignment: Assignment | undefined, served?: string): void {
    const failed = assignment?.attemptsHere.some(
      ({ model, outcome, reason }) => outcome === 'failed' && reason === 'out_of_memory' && model !== served,
    );
    if (failed && this.#networkServed) this.#bloated = true;
    if (!failed && served !== undefined && served !== LANCZOS) this.#networkServed = true;
  }

  #takePlan(planId: number): PendingPlan | undefined {
    const pending = this.#plans.get(planId);
    this.#plans.delete(planId);
    return pending;
  }

  #ended(how: string, cause: DeathCause): void {
    if (this.#gone) return;
    this.#gone = true;
    this.state = 'stopping';
    for (const plan of this.#plans.values()) plan.reject(new EngineGone());
    this.#plans.clear();
    this.listener.onExit(this, how, cause);
  }

  #logLines(stream: 'stdout' | 'stderr'): void {
    const source = this.#child[stream];
    // undefined, contrary to its type, when the process could not be spawned
    if (!source) return;
    createInterface({ input: source }).on('line', (line) => {
      if (lacksMemory(line)) this.#lackedMemory = true;
      this.log.warn({ pid: this.pid, stream, line: line.slice(0, 2000) }, 'engine output');
    });
  }
}
