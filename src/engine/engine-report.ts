import type { ModelStatus, ProviderStatus } from '../types.js';

/** What the engines last said of models and providers; outlives them, so that `/models` also answers between two engines. */
export class EngineReport {
  #models: readonly ModelStatus[] = [];
  #providers: readonly ProviderStatus[] = [];

  get models(): readonly ModelStatus[] {
    return this.#models;
  }

  get providers(): readonly ProviderStatus[] {
    return this.#providers;
  }

  /** The latest word counts, but what another engine has measured is kept. */
  update(models: readonly ModelStatus[], providers: readonly ProviderStatus[]): void {
    const known = new Map(this.#models.map((model) => [model.name, model]));
    this.#models = models.map((model) => ({
      ...model,
      microsecondsPerPixel: {
        ...known.get(model.name)?.microsecondsPerPixel,
        ...model.microsecondsPerPixel,
      },
    }));
    this.#providers = providers;
  }
}
