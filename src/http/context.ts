import type { FastifyBaseLogger } from 'fastify';
import type { Config } from '../config/config.js';
import type { Engine } from '../engine/engine.js';
import type { HeaderReader } from '../engine/headers/header-pool.js';
import type { ImageInspector } from '../engine/headers/image-inspector.js';
import type { Jobs } from '../jobs/job.js';
import type { DownloadStatus } from '../models/download/background-download.js';
import type { UploadPlaces } from './upload/upload-places.js';

/** What the routes are given: finished services, nothing that has still to be made. */
export interface HttpContext {
  readonly config: Config;
  readonly log: FastifyBaseLogger;
  readonly engine: Engine;
  readonly jobs: Jobs;
  /** Whether the process has been told to end: readiness fails from then on. */
  readonly lifecycle: { readonly stopping: boolean };
  /** How far the models are that come in the background. */
  downloads(): readonly DownloadStatus[];
  /** Without headers no upload is served. */
  readonly headers: Pick<HeaderReader, 'state'>;
  readonly inspectImage: ImageInspector;
}

/** What routes that take an upload need beyond that. */
export interface UploadContext extends HttpContext {
  readonly uploads: UploadPlaces;
}
