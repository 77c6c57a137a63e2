import { LANCZOS, type ModelStatus, type UpscaleOptions } from '../domain/types.js';

/** The scale of a request that names none, where no model says another: that of the embedded models, and of Lanczos. */
export const DEFAULT_SCALE = 4;

type ScaleRequest = Pick<UpscaleOptions, 'scale' | 'model'> & { readonly sixteenBit: boolean };

/** The networks that may serve a request here, first to last: the model that it names, then the chain. */
export function servingModels(
  { model, sixteenBit }: ScaleRequest,
  models: readonly ModelStatus[],
): readonly ModelStatus[] {
  if (model === LANCZOS) return [];
  const place = ({ name, chainPosition }: ModelStatus) => (name === model ? -1 : (chainPosition ?? Infinity));
  return models
    .filter((each) => each.family !== LANCZOS && place(each) < Infinity)
    .filter(({ servesBits }) => servesBits.includes(sixteenBit ? 16 : 8))
    .sort((one, other) => place(one) - place(other));
}

/**
 * The scale of a result: the one that the request names, or that of the model it names, or that of the first network that may serve it.
 * @param models as the engine reports them; empty before its first report.
 */
export function resolveScale(request: ScaleRequest, models: readonly ModelStatus[]): number {
  if (request.scale !== undefined) return request.scale;
  const named = models.find(({ name }) => name === request.model);
  return (named ?? servingModels(request, models)[0])?.scale ?? DEFAULT_SCALE;
}
