import type { FastifyBaseLogger } from 'fastify';
import type { Config } from '../config/config.js';
import type { Engine } from '../engine/engine.js';
import type { HeaderReader } from '../engine/headers/header-pool.js';
import type { ImageInspector } from '../engine/headers/image-inspector.js';
import type { Jobs } from '../jobs/job.js';
import type { DownloadStatus } from '../models/download/background-download.js';
import type { UploadPlaces } from './upload/upload-places.js';

/** The finished services that routes use. */
export interface HttpContext {
  readonly config: Config;
  readonly log: FastifyBaseLogger;
  readonly engine: Engine;
  readonly jobs: Jobs;
  /** Whether the process was told to stop. Readiness fails from then on. */
  readonly lifecycle: { readonly stopping: boolean };
  /** Progress of the models that are downloaded in the background. */
  downloads(): readonly DownloadStatus[];
  /** Reader of image headers. While it is down, no upload is served. */
  readonly headers: Pick<HeaderReader, 'state'>;
  readonly inspectImage: ImageInspector;
}

/** What routes with uploads need in addition. */
export interface UploadContext extends HttpContext {
  readonly uploads: UploadPlaces;
}
