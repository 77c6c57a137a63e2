import { openChain } from '../../models/fallback/open-chain.js';
import { dryRun } from '../../pipeline/dry-run.js';
import { restrictLoaders } from '../../pipeline/input/loaders.js';
import { pipelineLimits } from '../../pipeline/limits.js';
import type { PipelineServices } from '../../pipeline/pipeline-services.js';
import { upscale } from '../../pipeline/upscale.js';
import { MeasuredOverhead } from '../cost/overhead-memory.js';
import type { PlanRequest } from '../protocol.js';
import { IdleTime } from './idle-time.js';
import type { CreateRunner } from './runner.js';
import { withScratch } from './scratch.js';

/** Planning for any image loads the model that leads the chain and measures its speed. */
const PRELOADING: PlanRequest = {
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

/** What the service's engines run: the pipeline over the fallback chain. */
export const createRunner: CreateRunner = async (settings, scheduler, log, onLearnt) => {
  const { config, threads } = settings;
  restrictLoaders(threads);
  const chain = await openChain(config, {
    threads,
    memoryBytes: settings.memoryBytes,
    log,
    learnt: settings.learnt,
    onTileSize: onLearnt,
  });
  const beside = new MeasuredOverhead();
  const services: PipelineServices = {
    chain,
    scheduler,
    threads,
    limits: pipelineLimits(config),
    beside,
  };
  const plan = (request: PlanRequest) => dryRun(request, chain, services.limits, beside);
  if (settings.preload) {
    // No model is needed to be ready: whatever is wrong with this one, the fallback chain finds out and tells.
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
      beside.learn(task, result);
      return result;
    },
    modelsChanged: () => chain.modelsChanged(),
    models: () => chain.status(),
    providers: () => chain.providers(),
    learnt: () => chain.learnt(),
  };
};
