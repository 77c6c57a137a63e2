import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine } from '../../src/engine/engine.js';
import { TesseraError } from '../../src/errors.js';
import type { Job, JobRequest, Jobs, QueueStatus, Reservation } from '../../src/jobs/job.js';
import type { UpscaleResult } from '../../src/types.js';

/** Jobs without a queue, for tests of routes alone: what they refuse is set by hand. */
export class MemoryJobs implements Jobs {
  refusal: TesseraError | undefined;
  readonly reserved: (number | undefined)[] = [];

  constructor(
    private readonly engine: Engine,
    private readonly folder: string,
  ) {}

  async reserve(declaredBytes: number | undefined): Promise<Reservation> {
    if (this.refusal !== undefined) throw this.refusal;
    this.reserved.push(declaredBytes);
    const id = randomBytes(16).toString('base64url');
    const workFolder = join(this.folder, id);
    await mkdir(workFolder, { mode: 0o700 });
    return {
      id,
      workFolder,
      sourcePath: join(workFolder, 'source'),
      release: () => rm(workFolder, { recursive: true, force: true }),
    };
  }

  submit(reservation: Reservation, request: JobRequest): Job {
    const { id, workFolder, sourcePath } = reservation;
    const controller = new AbortController();
    const resultPath = join(workFolder, 'result');
    const settled: Promise<UpscaleResult> = this.engine.run(
      {
        id,
        sourcePath,
        resultPath,
        workFolder,
        header: request.header,
        options: request.options,
        deadlineAtMs: request.uploadedAtMs + request.options.timeoutSeconds * 1000,
        excludedRungs: [],
        earlierAttempts: [],
      },
      { signal: controller.signal, onProgress: () => undefined },
    );
    settled.catch(() => undefined);
    const job = {
      id,
      request,
      state: 'running' as const,
      progress: undefined,
      position: undefined,
      attempts: [],
      result: undefined,
      error: undefined,
      resultPath,
      queueWaitMs: 7,
      createdAtMs: request.uploadedAtMs,
      startedAtMs: request.uploadedAtMs,
      endedAtMs: undefined,
      expiresAtMs: undefined,
      events: () => [],
      settled,
      onChange: () => () => undefined,
      cancel: () => controller.abort(),
      dispose: () => rm(workFolder, { recursive: true, force: true }),
    };
    return job;
  }

  async keep(): Promise<never> {
    throw new TesseraError('internal', 'Not in this test.');
  }

  find(): undefined {}

  async remove(): Promise<undefined> {}

  checkCallbackUrl(): void {}

  status(): QueueStatus {
    return {
      running: 1,
      queued: 2,
      uploading: 0,
      kept: 0,
      maxRunning: 4,
      maxQueued: 32,
      backlogSeconds: 1.5,
      diskBytes: 0,
    };
  }

  async close(): Promise<void> {}
}
