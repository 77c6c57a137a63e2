import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { TesseraError } from '../../domain/errors.js';
import type { Attempt } from '../../domain/types.js';
import type { Engine } from '../../engine/engine.js';
import type { Job, Jobs } from '../../jobs/job.js';

const REQUEST_SECONDS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
const WAIT_SECONDS = [0.001, 0.01, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** The metrics for Prometheus. Events are counted when they happen; states are read at each scrape. */
export class Metrics {
  readonly registry = new Registry();
  private readonly registers = [this.registry];
  private readonly requests = this.counter(
    'tessera_http_requests_total',
    'Requests by method, route and status; 499: the client left before the answer.',
    ['method', 'route', 'status'],
  );
  private readonly duration = new Histogram({
    name: 'tessera_http_request_duration_seconds',
    help: 'From the head of a request to the last byte of its answer.',
    labelNames: ['method', 'route'],
    buckets: REQUEST_SECONDS,
    registers: this.registers,
  });
  private readonly queueWait = new Histogram({
    name: 'tessera_queue_wait_seconds',
    help: 'From submission to an engine.',
    buckets: WAIT_SECONDS,
    registers: this.registers,
  });
  private readonly jobs = this.counter(
    'tessera_jobs_total',
    'Jobs that ended: succeeded, or by error code.',
    ['outcome'],
  );
  private readonly tiles = this.counter(
    'tessera_tiles_total',
    'Tiles computed for results, by model and provider.',
    ['model', 'provider'],
  );
  private readonly pixels = this.counter(
    'tessera_pixels_total',
    'Pixels of images: source as received, result as delivered.',
    ['kind'],
  );
  private readonly steps = this.counter(
    'tessera_steps_total',
    'Steps of results: crop, network, mix, resize, sharpen.',
    ['step'],
  );
  private readonly fallbacks = this.counter(
    'tessera_fallbacks_total',
    'Candidates that did not serve an answer marked as a fallback, or a job that failed; by model and reason.',
    ['model', 'provider', 'reason'],
  );
  private readonly observed = new WeakSet<Job>();

  constructor(engine: Engine, jobs: Jobs) {
    const { registers } = this;
    collectDefaultMetrics({ register: this.registry });
    this.gauge('tessera_jobs_running', 'Jobs in the engines.', () => jobs.status().running);
    this.gauge('tessera_jobs_queued', 'Jobs waiting for an engine.', () => jobs.status().queued);
    this.gauge('tessera_uploads', 'Uploads being read.', () => jobs.status().uploading);
    this.gauge('tessera_jobs_kept', 'Durable jobs known, in any state.', () => jobs.status().kept);
    this.gauge('tessera_jobs_disk_bytes', 'Disk used by job folders.', () => jobs.status().diskBytes);
    this.gauge('tessera_backlog_seconds', 'Measured backlog.', () => jobs.status().backlogSeconds);
    this.gauge('tessera_engine_memory_bytes', 'Resident memory of the engines.', () =>
      engine.status().engines.reduce((sum, { rssBytes }) => sum + rssBytes, 0),
    );
    new Counter({
      name: 'tessera_engine_restarts_total',
      help: 'Engine processes replaced since start.',
      registers,
      collect() {
        this.reset();
        this.inc(engine.status().restarts);
      },
    });
    new Gauge({
      name: 'tessera_microseconds_per_pixel',
      help: 'Measured time per input pixel, by model and provider.',
      labelNames: ['model', 'provider'],
      registers,
      collect() {
        this.reset();
        for (const { name: model, microsecondsPerPixel } of engine.status().models)
          for (const [provider, value] of Object.entries(microsecondsPerPixel))
            this.set({ model, provider }, value);
      },
    });
  }

  /** Counts a request. @param route the pattern, not the path: every label value makes a new time series. */
  countRequest(method: string, route: string, status: number, seconds: number): void {
    this.requests.inc({ method, route, status });
    this.duration.observe({ method, route }, seconds);
  }

  /** Counts a job once, at its end. */
  observe(job: Job): void {
    if (this.observed.has(job)) return;
    this.observed.add(job);
    job.settled.then(
      (result) => {
        this.jobs.inc({ outcome: 'succeeded' });
        this.tiles.inc({ model: result.model, provider: result.provider ?? 'none' }, result.tiles);
        for (const step of result.steps ?? []) this.steps.inc({ step });
        this.pixels.inc({ kind: 'result' }, result.width * result.height);
        this.countEnd(job, result.fallback ? causesOf(result.attempts) : []);
      },
      (error: unknown) => {
        this.jobs.inc({ outcome: TesseraError.from(error).code });
        this.countEnd(job, causesOf(job.attempts));
      },
    );
  }

  private countEnd(job: Job, causes: readonly Attempt[]): void {
    this.queueWait.observe(job.queueWaitMs / 1000);
    this.pixels.inc({ kind: 'source' }, job.request.header.width * job.request.header.height);
    for (const { model, provider, reason } of causes)
      this.fallbacks.inc({ model, provider: provider ?? 'none', reason: reason ?? 'runtime_error' });
  }

  private counter<Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: this.registers });
  }

  private gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: this.registers,
      collect() {
        this.set(read());
      },
    });
  }
}

/**
 * The attempts that made an upscale fall back or fail. Every image skips the models of the chain that are not installed, so these
 * are a cause only when there is no other.
 */
function causesOf(attempts: readonly Attempt[]): readonly Attempt[] {
  const unserved = attempts.filter(({ outcome }) => outcome !== 'served');
  const causes = unserved.filter(({ reason }) => reason !== 'not_installed');
  return causes.length > 0 ? causes : unserved.slice(0, 1);
}
