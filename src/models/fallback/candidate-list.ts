import { TesseraError } from '../../domain/errors.js';
import { type FallbackReason, LANCZOS, type Provider, type ProviderStatus } from '../../domain/types.js';
import { isInFloat32, type ModelEntry } from '../manifest-entry.js';
import type { ChainRequest } from './candidate.js';

/** One step down the fallback chain, before anything is loaded. */
export type Step =
  | {
      readonly kind: 'network';
      /** What would compute: the chain's model itself, or its twin in another precision. */
      readonly entry: ModelEntry;
      readonly provider: Provider;
      /** Named by the request, or in the chain. */
      readonly asked: ModelEntry;
      /** The same weights in another file: tried only where the model's own is damaged. */
      readonly standIn?: true;
    }
  | {
      /** Known beforehand not to serve. */
      readonly kind: 'skip';
      readonly model: string;
      readonly provider?: Provider;
      readonly reason: FallbackReason;
      readonly detail: string;
    }
  | { readonly kind: 'lanczos' };

/** The step's provider, where it has one, as a part of an attempt. */
export function providerOf(step: Step): { provider?: Provider } {
  return step.kind === 'lanczos' || step.provider === undefined ? {} : { provider: step.provider };
}

/** The state of the world that the fallback chain is built from. */
export interface ChainSetting {
  /** First to last resort. */
  readonly chain: readonly ModelEntry[];
  readonly entries: readonly ModelEntry[];
  /** In the order of preference, unusable ones included. */
  readonly providers: readonly ProviderStatus[];
  isInstalled(entry: ModelEntry): boolean;
}

/** @throws TesseraError invalid_option for a name that is neither a model's nor `lanczos`. */
export function checkModelName(name: string | undefined, entries: readonly ModelEntry[]): void {
  if (name === undefined || name === LANCZOS || entries.some((entry) => entry.name === name)) return;
  throw new TesseraError('invalid_option', 'Expected model to be the name of a known model.', {
    details: {
      parameter: 'model',
      received: name.slice(0, 100),
      accepted: [...entries.map((entry) => entry.name), LANCZOS].join(', '),
    },
  });
}

/**
 * The steps for one request: the model it names (if any), then the chain; each on every usable provider, best first; and
 * Lanczos at the end.
 */
export function candidatesFor(
  request: Pick<ChainRequest, 'model' | 'sixteenBit'>,
  setting: ChainSetting,
): Step[] {
  if (request.model === LANCZOS) return [{ kind: 'lanczos' }];
  const named = setting.entries.find((entry) => entry.name === request.model);
  const models = [...new Set(named === undefined ? setting.chain : [named, ...setting.chain])];
  const steps = models.flatMap((asked) => stepsOf(asked, request.sixteenBit, setting));
  return [...unusableProviders(models, setting), ...steps, { kind: 'lanczos' }];
}

function stepsOf(asked: ModelEntry, sixteenBit: boolean, setting: ChainSetting): Step[] {
  const steps: Step[] = [];
  let missing: ModelEntry | undefined;
  for (const { provider, usable } of setting.providers) {
    if (!usable) continue;
    for (const entry of variants(asked, provider, sixteenBit, setting.entries)) {
      if (setting.isInstalled(entry)) steps.push({ kind: 'network', entry, provider, asked });
      else missing ??= entry;
    }
    const standIn = standInFor(asked, provider, sixteenBit, setting);
    if (standIn !== undefined)
      steps.push({ kind: 'network', entry: standIn, provider, asked, standIn: true });
  }
  if (steps.length > 0) return steps;
  if (missing !== undefined)
    return [
      {
        kind: 'skip',
        model: asked.name,
        reason: 'not_installed',
        detail: `${missing.name} is not installed.`,
      },
    ];
  if (!setting.providers.some((provider) => provider.usable)) return [];
  return [
    {
      kind: 'skip',
      model: asked.name,
      reason: 'unsupported_by_model',
      detail: `${asked.name} computes in too few bits for a 16-bit image, and has no float32 twin.`,
    },
  ];
}

/** The float32 twin of an int8 model that is installed, for 8-bit images on the CPU; elsewhere the twin has a step anyway. */
function standInFor(
  asked: ModelEntry,
  provider: Provider,
  sixteenBit: boolean,
  setting: ChainSetting,
): ModelEntry | undefined {
  if (provider !== 'cpu' || sixteenBit || asked.dtype !== 'uint8' || !setting.isInstalled(asked))
    return undefined;
  const twin = setting.entries.find((entry) => entry.name === asked.floatTwin);
  return twin !== undefined && setting.isInstalled(twin) ? twin : undefined;
}

/** Providers that were asked for and cannot be used are told of once, on the first model that would have run there. */
function unusableProviders(models: readonly ModelEntry[], setting: ChainSetting): Step[] {
  const model = (models.find((entry) => setting.isInstalled(entry)) ?? models[0])?.name;
  if (model === undefined) return [];
  return setting.providers
    .filter(({ usable }) => !usable)
    .map(({ provider, detail }) => ({
      kind: 'skip',
      model,
      provider,
      reason: 'provider_unavailable',
      detail,
    }));
}

/**
 * Which of a model's twins suit a provider, best first. A GPU takes halves where there are some, and never int8, whose
 * kernels only the CPU has. The CPU computes halves slower than float32. For 16-bit images only float32 has bits enough.
 */
function variants(
  asked: ModelEntry,
  provider: Provider,
  sixteenBit: boolean,
  entries: readonly ModelEntry[],
): ModelEntry[] {
  const named = (name: string | undefined): ModelEntry | undefined =>
    entries.find((entry) => entry.name === name);
  const float = isInFloat32(asked) ? asked : named(asked.floatTwin);
  const half = asked.dtype === 'float16' ? asked : named(asked.halfTwin ?? float?.halfTwin);
  const candidates = sixteenBit
    ? [float]
    : provider === 'cpu'
      ? [asked.dtype === 'float16' ? (float ?? asked) : asked]
      : [half, float, float === undefined ? asked : undefined];
  return [...new Set(candidates.filter((entry) => entry !== undefined))];
}
