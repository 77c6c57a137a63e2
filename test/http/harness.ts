import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import sharp from 'sharp';
import { buildApp } from '../../src/app.js';
import { loadConfig } from '../../src/config.js';
import { TesseraError } from '../../src/errors.js';
import type { HttpContext } from '../../src/http/context.js';
import type { ImageHeader, InputFormat } from '../../src/types.js';
import { FakeEngine } from '../fake-engine.js';
import { MemoryJobs } from './memory-jobs.js';

export interface Harness {
  readonly app: FastifyInstance;
  /** `http://127.0.0.1:port`; the app listens. */
  readonly origin: string;
  readonly engine: FakeEngine;
  readonly jobs: MemoryJobs;
  readonly context: HttpContext & { lifecycle: { stopping: boolean } };
  readonly logLines: string[];
  /** Names of the job folders that are there now. */
  folders(): Promise<string[]>;
  /** Resolves when no job folder is left. */
  empty(): Promise<void>;
}

/** The whole app on a real socket, over a fake engine. Closed and removed when the test ends. */
export async function startApp(t: TestContext, settings: Record<string, string> = {}): Promise<Harness> {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-http-'));
  const logLines: string[] = [];
  const engine = new FakeEngine();
  const jobs = new MemoryJobs(engine, folder);
  const context = {
    config: loadConfig({ LOG_LEVEL: 'debug', ...settings }, folder),
    log: pino({ level: 'debug' }, { write: (line) => void logLines.push(line) }),
    engine,
    jobs,
    lifecycle: { stopping: false },
    downloads: () => [],
    inspectImage,
  };
  const app = await buildApp(context);
  const origin = await app.listen({ host: '127.0.0.1', port: 0 });
  t.after(async () => {
    engine.release();
    await app.close();
    await rm(folder, { recursive: true, force: true });
  });
  const folders = () => readdir(folder);
  return {
    app,
    origin,
    engine,
    jobs,
    context,
    logLines,
    folders,
    async empty() {
      while ((await folders()).length > 0) await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

async function inspectImage(path: string): Promise<ImageHeader> {
  try {
    const { format, width, height, hasAlpha, pages = 1 } = await sharp(path).metadata();
    return { format: format as InputFormat, width, height, hasAlpha, sixteenBit: false, pages };
  } catch (cause) {
    throw new TesseraError('unsupported_image', 'This is not an image that can be read here.', { cause });
  }
}

/** A small PNG. */
export async function picture(width = 16, height = 12): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: '#336699' } })
    .png()
    .toBuffer();
}

/** A form with a picture in `file`, and fields after it. */
export async function form(fields: Record<string, string> = {}, name = 'photo.png'): Promise<FormData> {
  const body = new FormData();
  body.append('file', new Blob([await picture()], { type: 'image/png' }), name);
  for (const [field, value] of Object.entries(fields)) body.append(field, value);
  return body;
}
