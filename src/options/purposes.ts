import { LANCZOS, type ModelStatus, PURPOSES, type Purpose, type UpscaleOptions } from '../domain/types.js';

/** The models for each purpose, best first: those that an operator installs before those that ship. */
const MODELS_FOR: Readonly<Record<Purpose, readonly string[]>> = {
  photo: ['realesr-general-x4v3', 'tessera-lite-x4'],
  drawing: ['realesrgan-x4plus-anime-6b', 'realesr-animevideov3', 'tessera-lite-x4'],
  fast: ['tessera-mini-x4', 'tessera-lite-x4'],
  best: ['realesrgan-x4plus', 'realesr-general-x4v3', 'tessera-lite-x4'],
};

/**
 * The model that serves each purpose on this machine: the first of its list that can serve, or else the first of the chain.
 * @param models as the engine reports them.
 */
export function modelsByPurpose(models: readonly ModelStatus[]): Readonly<Record<Purpose, string>> {
  const working = models.filter(({ installed, unavailable }) => installed && unavailable === undefined);
  const position = ({ chainPosition = Infinity }: ModelStatus) => chainPosition;
  const first = [...working].sort((one, other) => position(one) - position(other))[0]?.name ?? LANCZOS;
  const modelFor = (purpose: Purpose) =>
    MODELS_FOR[purpose].find((name) => working.some((model) => model.name === name)) ?? first;
  return {
    photo: modelFor('photo'),
    drawing: modelFor('drawing'),
    fast: modelFor('fast'),
    best: modelFor('best'),
  };
}

/** The options with a model in place of a purpose. A model that bears the name of a purpose, added before there were any, is meant itself. */
export function withModel(options: UpscaleOptions, models: readonly ModelStatus[]): UpscaleOptions {
  const purpose = PURPOSES.find((each) => each === options.model);
  return purpose === undefined || models.some(({ name }) => name === purpose)
    ? options
    : { ...options, model: modelsByPurpose(models)[purpose] };
}
