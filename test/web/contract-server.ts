import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import multipart from '@fastify/multipart';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import sharp from 'sharp';
import type { Static } from 'typebox';
import { loadConfig } from '../../src/config/config.js';
import { type ErrorCode, RETRY } from '../../src/domain/errors.js';
import { registerPage } from '../../src/http/routes/page.js';
import type { JobSchema } from '../../src/http/schemas/job.js';
import { until } from '../until.js';

export type JobView = Static<typeof JobSchema>;

/** A job that goes where the test tells it to: for states that a real engine passes too fast, or reaches too rarely. */
export class ScriptedJob {
  readonly streams = new Set<ServerResponse>();
  /** `Last-Event-ID` of every stream that was opened, in order; undefined for one from the start. */
  readonly resumedAt: (string | undefined)[] = [];
  deleted = false;
  private eventId = 0;

  constructor(
    public view: JobView,
    readonly source: Buffer,
    readonly options: Readonly<Record<string, string>>,
    public result: Buffer | undefined = undefined,
  ) {}

  /** Changes the job and tells every open stream. */
  set(changes: Partial<JobView>): void {
    this.view = { ...this.view, ...changes };
    this.tell('state', this.view);
    if (['succeeded', 'failed', 'cancelled'].includes(this.view.state)) this.endStreams();
  }

  progress(progress: NonNullable<JobView['progress']>): void {
    this.view = { ...this.view, state: 'running', progress };
    this.tell('progress', progress);
  }

  /** Ends with the source enlarged by plain resampling. */
  async succeed(extra: Partial<NonNullable<JobView['result']>> = {}): Promise<void> {
    const { width, height } = this.view.source;
    const scale = Number(this.options.scale ?? 4);
    const format = this.options.format === 'png' ? 'png' : 'jpeg';
    const size = { width: Math.round(width * scale), height: Math.round(height * scale) };
    this.result = await sharp(this.source)
      .rotate()
      .resize({ ...size, fit: 'fill' })
      .toFormat(format, { quality: 90 })
      .toBuffer();
    const stem = (this.view.fileName ?? 'image').replace(/\.[^.]*$/, '');
    this.set({
      state: 'succeeded',
      attempts: [
        ...this.view.attempts,
        { model: 'tessera-lite-x4', provider: 'cpu', outcome: 'served', ms: 900 },
      ],
      result: {
        href: `/jobs/${this.view.id}/result`,
        fileName: `${stem}_x${scale}.${format === 'png' ? 'png' : 'jpg'}`,
        mediaType: `image/${format}`,
        format,
        bytes: this.result.length,
        ...size,
        scale,
        model: 'tessera-lite-x4',
        provider: 'cpu',
        tiles: 12,
        fallback: false,
        milliseconds: 1234,
        ...extra,
      },
    });
  }

  fail(code: ErrorCode, detail: string, status = 400): void {
    const error = { type: 'about:blank', title: 'Failed', status, code, retry: RETRY[code], detail };
    this.set({ state: 'failed', error });
  }

  /** Cuts every event stream in mid-air. */
  breakStreams(): void {
    for (const stream of this.streams) stream.destroy();
    this.streams.clear();
  }

  attach(response: ServerResponse, lastEventId: string | undefined): void {
    this.resumedAt.push(lastEventId);
    this.streams.add(response);
    response.on('close', () => this.streams.delete(response));
    response.write(`id: ${this.eventId}\nevent: state\ndata: ${JSON.stringify(this.view)}\n\n`);
    if (['succeeded', 'failed', 'cancelled'].includes(this.view.state)) this.endStreams();
  }

  private tell(event: string, data: unknown): void {
    this.eventId += 1;
    for (const stream of this.streams) {
      stream.write(`: heartbeat\n\nid: ${this.eventId}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    }
  }

  private endStreams(): void {
    for (const stream of this.streams) stream.end();
    this.streams.clear();
  }
}

/** A service in memory that speaks the contract of `/jobs` and serves the real page; jobs do nothing by themselves. */
export class ContractServer {
  readonly jobs: ScriptedJob[] = [];
  /** Refuses this many uploads with 503 and `Retry-After: 1` first. */
  busyAnswers = 0;
  /** Uploads are answered once this resolves; their jobs are there before. */
  answering: Promise<void> = Promise.resolve();
  /** Called with every job that is submitted: an engine of the test's own. */
  onJob: (job: ScriptedJob) => void = () => undefined;
  /** When set, everything but the page needs this key. */
  apiKey: string | undefined;
  /** Names of the models that are there. */
  installed: readonly string[] = ['tessera-lite-x4', 'lanczos'];
  /** false: connections are cut before an answer, as by a service that has died. */
  reachable = true;

  private constructor(
    private readonly app: FastifyInstance,
    readonly url: string,
  ) {}

  /** @param settings of the service, which the page starts with. */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<ContractServer> {
    const app = Fastify({ forceCloseConnections: true });
    let server: ContractServer | undefined;
    await app.register(multipart);
    registerPage(app, loadConfig(settings, '/'));
    registerContract(app, () => server as ContractServer);
    server = new ContractServer(app, await app.listen({ host: '127.0.0.1', port: 0 }));
    return server;
  }

  /** The job of this number, from 0, as soon as it has been submitted. */
  async job(index: number): Promise<ScriptedJob> {
    return until(() => this.jobs[index], `Job ${index} has been submitted.`);
  }

  /** Dies, as far as the page can see, with every stream in mid-air. */
  die(): void {
    this.reachable = false;
    for (const job of this.jobs) job.breakStreams();
  }

  async close(): Promise<void> {
    await this.app.close();
  }
}

function problem(reply: FastifyReply, status: number, code: ErrorCode, detail: string): FastifyReply {
  return reply
    .code(status)
    .type('application/problem+json')
    .send(JSON.stringify({ type: 'about:blank', title: code, status, code, retry: RETRY[code], detail }));
}

function registerContract(app: FastifyInstance, server: () => ContractServer): void {
  app.addHook('onRequest', async (request, reply) => {
    const { apiKey, reachable } = server();
    if (!reachable) {
      reply.hijack();
      request.raw.socket.destroy();
      return;
    }
    const isPage = request.url === '/' || request.url.startsWith('/assets/');
    if (apiKey !== undefined && !isPage && request.headers['x-api-key'] !== apiKey) {
      return problem(
        reply,
        401,
        'unauthorized',
        'This service needs an API key, in X-API-Key or as a bearer token.',
      );
    }
  });
  app.get('/health/live', () => ({ status: 'ok' }));
  app.get('/models', () => {
    const { installed } = server();
    const models = MODELS.map((model) => ({ ...model, installed: installed.includes(model.name) }));
    const [first = 'lanczos'] = installed;
    const purposes = { photo: first, drawing: first, fast: first, best: first };
    return { models, purposes, providers: [] };
  });
  app.get('/docs', (_request, reply) => reply.type('text/html').send('<!doctype html><title>docs</title>'));

  app.post('/jobs', async (request, reply) => {
    const here = server();
    const part = await request.file();
    if (part === undefined) return problem(reply, 400, 'no_file', 'There is no file in the request.');
    const source = await part.toBuffer();
    if (here.busyAnswers > 0) {
      here.busyAnswers -= 1;
      reply.header('retry-after', '1');
      return problem(reply, 503, 'queue_full', 'The queue is full.');
    }
    const header = await sharp(source)
      .metadata()
      .catch(() => undefined);
    if (header === undefined) {
      return problem(
        reply,
        400,
        'unsupported_image',
        'The file is not an image in a format that is read here.',
      );
    }
    const view: JobView = {
      id: randomBytes(16).toString('base64url'),
      state: 'queued',
      fileName: part.filename,
      source: {
        width: header.autoOrient.width,
        height: header.autoOrient.height,
        format: header.format,
        bytes: source.length,
      },
      createdAt: new Date().toISOString(),
      position: here.jobs.length + 1,
      attempts: [],
    };
    const job = new ScriptedJob(view, source, request.query as Record<string, string>);
    here.jobs.push(job);
    here.onJob(job);
    await here.answering;
    return reply.code(202).send({ jobs: [view] });
  });

  const known = (reply: FastifyReply, id: string): ScriptedJob | undefined => {
    const job = server().jobs.find((each) => each.view.id === id && !each.deleted);
    if (job === undefined) problem(reply, 404, 'not_found', 'There is no such job; it may have expired.');
    return job;
  };
  app.get<{ Params: { id: string } }>('/jobs/:id', (request, reply) => {
    const job = known(reply, request.params.id);
    if (job !== undefined) reply.send(job.view);
  });
  app.get<{ Params: { id: string } }>('/jobs/:id/events', (request, reply) => {
    const job = known(reply, request.params.id);
    if (job === undefined) return;
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    const last = request.headers['last-event-id'];
    job.attach(reply.raw, typeof last === 'string' ? last : undefined);
  });
  app.get<{ Params: { id: string } }>('/jobs/:id/result', (request, reply) => {
    const job = known(reply, request.params.id);
    if (job !== undefined) reply.type(job.view.result?.mediaType ?? '').send(job.result);
  });
  app.delete<{ Params: { id: string } }>('/jobs/:id', (request, reply) => {
    const job = known(reply, request.params.id);
    if (job === undefined) return;
    job.set({ state: 'cancelled' });
    job.deleted = true;
    reply.code(204).send();
  });
}

const MODEL = {
  scale: 4,
  licence: 'MIT',
  installed: true,
  confirmed: true,
  sizeRequirements: { minimum: 1, multipleOf: 1 },
  overlapPx: 32,
  loaded: false,
  microsecondsPerPixel: {},
};
const MODELS = [
  {
    ...MODEL,
    name: 'tessera-lite-x4',
    title: 'Tessera Lite ×4',
    family: 'tessera',
    purpose: 'Photographs and screenshots, quickly.',
    chainPosition: 2,
  },
  {
    ...MODEL,
    name: 'realesr-general-x4v3',
    title: 'Real-ESRGAN general ×4',
    family: 'real-esrgan',
    purpose: 'Photographs with noise and strong compression.',
    chainPosition: 1,
  },
  {
    ...MODEL,
    name: 'lanczos',
    title: 'Lanczos',
    family: 'lanczos',
    purpose: 'Plain resampling, without a network.',
    chainPosition: 3,
  },
];
