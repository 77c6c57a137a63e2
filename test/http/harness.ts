import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import sharp from 'sharp';
import { buildApp } from '../../src/app.js';
import { loadConfig } from '../../src/config/config.js';
import { imageInspector } from '../../src/engine/headers/image-inspector.js';
import type { HttpContext } from '../../src/http/context.js';
import { LocalJobs } from '../../src/jobs/local-jobs.js';
import { readHeader } from '../../src/pipeline/input/header.js';
import { pipelineLimits } from '../../src/pipeline/limits.js';
import { atEnd } from '../at-end.js';
import { FakeEngine } from '../fake-engine.js';
import { leftovers } from '../leftovers.js';
import { until } from '../until.js';

export interface Harness {
  readonly app: FastifyInstance;
  /** `http://127.0.0.1:port`; the app listens. */
  readonly origin: string;
  readonly engine: FakeEngine;
  readonly jobs: LocalJobs;
  /** What every reservation was told of the length of its upload. */
  readonly reserved: readonly (number | undefined)[];
  readonly context: HttpContext & {
    lifecycle: { stopping: boolean };
    headers: { state: HttpContext['headers']['state'] };
  };
  readonly logLines: string[];
  /** Resolves when no job folder is left. */
  empty(): Promise<void>;
}

/** The whole app on a real socket, with real jobs over a fake engine. Closed and removed when the test ends. */
export async function startApp(t: TestContext, settings: Record<string, string> = {}): Promise<Harness> {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-http-'));
  const logLines: string[] = [];
  const engine = new FakeEngine();
  const config = loadConfig({ LOG_LEVEL: 'debug', TEMP_DIR: folder, ...settings }, folder);
  const limits = pipelineLimits(config);
  const log = pino({ level: 'debug' }, { write: (line) => void logLines.push(line) });
  const jobs = await LocalJobs.open(config, engine, log);
  const reserved: (number | undefined)[] = [];
  const reserve = jobs.reserve.bind(jobs);
  jobs.reserve = async (declaredBytes, options) => {
    reserved.push(declaredBytes);
    return reserve(declaredBytes, options);
  };
  const context = {
    config,
    log,
    engine,
    jobs,
    lifecycle: { stopping: false },
    headers: { state: 'ready' as HttpContext['headers']['state'] },
    inspectImage: imageInspector({ read: (path) => readHeader(path, limits) }, limits, engine),
    downloads: () => [],
  };
  const app = await buildApp(context);
  const origin = await app.listen({ host: '127.0.0.1', port: 0 });
  atEnd(t, async () => {
    engine.release();
    await Promise.all([jobs.close(1000), app.close()]);
    await rm(folder, { recursive: true, force: true });
  });
  return {
    app,
    origin,
    engine,
    jobs,
    reserved,
    context,
    logLines,
    empty: async () => {
      await until(async () => (await leftovers(folder)).length === 0, 'No job folder is left.');
    },
  };
}

/** A small PNG. */
export async function picture(width = 16, height = 12, background = '#336699'): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background } })
    .png()
    .toBuffer();
}

/** A form with a picture in `file`, and fields after it. */
export async function form(fields: Record<string, string> = {}, name = 'photo.png'): Promise<FormData> {
  const body = new FormData();
  body.append('file', new Blob([new Uint8Array(await picture())], { type: 'image/png' }), name);
  for (const [field, value] of Object.entries(fields)) body.append(field, value);
  return body;
}
