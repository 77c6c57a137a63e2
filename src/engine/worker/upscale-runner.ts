import { CostModel } from '../../cost/cost-model.js';
import { tileLimits } from '../../cost/tile-grid.js';
import type { ImageRequest } from '../../domain/types.js';
import { openChain } from '../../models/fallback/open-chain.js';
import { dryRun } from '../../pipeline/dry-run.js';
import { restrictLoaders } from '../../pipeline/input/loaders.js';
import { pipelineLimits } from '../../pipeline/limits.js';
import type { PipelineServices } from '../../pipeline/pipeline-services.js';
import { upscale } from '../../pipeline/upscale.js';
import { IdleTime } from './idle-time.js';
import type { CreateRunner } from './runner.js';
import { withScratch } from './scratch.js';

/** An image for a plan that loads the chain's leading model and measures its speed. */
const PRELOADING: ImageRequest = {
  header: { format: 'png', width: 64, height: 64, hasAlpha: false, sixteenBit: false, pages: 1 },
  options: {
    format: 'auto',
    accept: [],
    quality: 95,
    background: [255, 255, 255],
    metadata: 'strip',
    fallback: true,
    timeoutSeconds: 3600,
  },
};

/** The runner of the service: the pipeline over the fallback chain. */
export const createRunner: CreateRunner = async (settings, scheduler, log, onLearnt) => {
  const { config, threads } = settings;
  restrictLoaders(threads);
  const costs = new CostModel(settings.learnt, tileLimits(threads, settings.memoryBytes), onLearnt);
  const chain = await openChain(config, { threads, log, costs });
  const services: PipelineServices = { chain, scheduler, threads, limits: pipelineLimits(config), costs };
  const plan = (request: ImageRequest) => dryRun(request, chain, services.limits, costs);
  if (settings.preload) {
    // No model is needed to be ready. The fallback chain reports whatever is wrong with this one.
    await plan(PRELOADING).catch((thrown: unknown) => log.warn({ err: thrown }, 'nothing was preloaded'));
  }
  const idle = new IdleTime(async (signal) => {
    if (await chain.measureSkipped(signal)) onLearnt();
  });
  return {
    plan: (request) => idle.without(() => plan(request)),
    async run(task, hooks) {
      const result = await idle.without(() =>
        withScratch(task.workFolder, (workFolder) => upscale({ ...task, workFolder }, services, hooks)),
      );
      costs.recordJob(task.header, result);
      return result;
    },
    modelsChanged: () => chain.modelsChanged(),
    models: () => chain.status(),
    providers: () => chain.providers(),
    learnt: () => costs.learnt,
  };
};
