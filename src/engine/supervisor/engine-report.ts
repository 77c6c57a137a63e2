import { CostModel } from '../../cost/cost-model.js';
import type { TileLimits } from '../../cost/tile-grid.js';
import type { LearntCosts } from '../../domain/learnt-costs.js';
import type { ModelStatus, ProviderStatus } from '../../domain/types.js';

/**
 * The last report of the engines: models, providers, and all measurements. It outlives them: `/models` also answers
 * between two engines, and an engine begins with its predecessor's measurements.
 */
export class EngineReport {
  readonly costs: CostModel;
  models: readonly ModelStatus[] = [];
  providers: readonly ProviderStatus[] = [];

  /** @param limits of tiles in one engine. */
  constructor(limits?: TileLimits) {
    this.costs = new CostModel(undefined, limits);
  }

  /** The latest report counts. Speeds that another engine has measured are kept. */
  update(models: readonly ModelStatus[], providers: readonly ProviderStatus[], learnt: LearntCosts): void {
    this.costs.update(learnt);
    this.models = models.map((model) => {
      // Other weights under the same name have speeds of their own.
      const known = this.models.find(({ name, sha256 }) => name === model.name && sha256 === model.sha256);
      return {
        ...model,
        microsecondsPerPixel: { ...known?.microsecondsPerPixel, ...model.microsecondsPerPixel },
      };
    });
    this.providers = providers;
  }
}
