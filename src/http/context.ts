import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { Config } from '../config/config.js';
import type { Engine } from '../engine/engine.js';
import type { HeaderReader } from '../engine/headers/header-pool.js';
import type { ImageInspector } from '../engine/headers/image-inspector.js';
import type { Jobs } from '../jobs/job.js';
import type { DownloadStatus } from '../models/download/background-download.js';
import type { UploadPlaces } from './upload/upload-places.js';

/** The app as routes see it: the schema of a route gives the types of its parameters and of its answers. */
export type RouteApp = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

declare module 'fastify' {
  /** The policy of a route. Hooks and the OpenAPI document read it. */
  interface FastifyContextConfig {
    /** No API key is needed: probes have none, and a browser cannot send one when it opens a page. */
    readonly public?: boolean;
    /** false: the rate limit counts only requests with a wrong key, which are guesses as on any other route. */
    readonly rateLimited?: boolean;
    /** Logged at `debug`: probes and scrapes come every few seconds. */
    readonly quiet?: boolean;
  }
}

/** The finished services that the routes use. */
export interface HttpContext {
  readonly config: Config;
  readonly log: FastifyBaseLogger;
  readonly engine: Engine;
  readonly jobs: Jobs;
  /** Whether the process has been told to end; readiness then fails. */
  readonly lifecycle: { readonly stopping: boolean };
  /** The models that are downloaded in the background. */
  downloads(): readonly DownloadStatus[];
  /** The processes that read the headers of uploads. */
  readonly headers: Pick<HeaderReader, 'state'>;
  readonly inspectImage: ImageInspector;
}

export interface UploadContext extends HttpContext {
  readonly uploads: UploadPlaces;
}
