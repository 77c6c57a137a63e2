import { TesseraError } from '../../domain/errors.js';
import {
  type ExcludedCandidate,
  type FallbackReason,
  LANCZOS,
  type Provider,
  type ProviderStatus,
} from '../../domain/types.js';
import { isInFloat32, type ModelEntry } from '../manifest-entry.js';

/** A model on a provider, before anything is loaded. */
export interface NetworkCandidate {
  readonly kind: 'network';
  /** The model that computes: `asked` itself, or its twin in another precision. */
  readonly entry: ModelEntry;
  readonly provider: Provider;
  /** Named by the request, or by the chain. */
  readonly asked: ModelEntry;
  /** `entry` is the float32 twin of an installed int8 model: tried only where the file of `asked` is damaged. */
  readonly standIn?: true;
}

/** A model, or a provider, that is known not to serve before anything is loaded. */
interface SkippedCandidate {
  readonly kind: 'skip';
  readonly model: string;
  readonly provider?: Provider;
  readonly reason: FallbackReason;
  readonly detail: string;
}

/** One place in the fallback chain. */
export type Candidate = NetworkCandidate | SkippedCandidate | { readonly kind: 'lanczos' };

/** The names of a candidate, as attempts and plans have them. */
export function namesOf(candidate: Candidate): { readonly model: string; readonly provider?: Provider } {
  if (candidate.kind === 'lanczos') return { model: LANCZOS };
  const model = candidate.kind === 'network' ? candidate.entry.name : candidate.model;
  return candidate.provider === undefined ? { model } : { model, provider: candidate.provider };
}

/** @returns the exclusion of a candidate that failed on this image in an engine before. */
export function exclusionOf(
  { entry, provider }: NetworkCandidate,
  { excludedCandidates }: { readonly excludedCandidates: readonly ExcludedCandidate[] },
): ExcludedCandidate | undefined {
  return excludedCandidates.find(
    (excluded) =>
      excluded.model === entry.name && (excluded.provider === undefined || excluded.provider === provider),
  );
}

/** What candidates are made from. */
export interface ChainSetting {
  /** The models of the chain, first to last, without Lanczos. */
  readonly chain: readonly ModelEntry[];
  /** All models of the manifest. */
  readonly entries: readonly ModelEntry[];
  /** In the order of preference, unusable ones included. */
  readonly providers: readonly ProviderStatus[];
  isInstalled(entry: ModelEntry): boolean;
}

/**
 * The candidates for one request: the model that it names, then the chain, each on every usable provider, best first; Lanczos is the last.
 * @throws TesseraError invalid_option for a name that is neither a model's nor `lanczos`.
 */
export function candidatesFor(
  { model, sixteenBit }: { readonly model?: string; readonly sixteenBit: boolean },
  setting: ChainSetting,
): readonly Candidate[] {
  if (model === LANCZOS) return [{ kind: 'lanczos' }];
  const named = setting.entries.find((entry) => entry.name === model);
  if (model !== undefined && named === undefined) throw unknownModel(model, setting.entries);
  const models = [...new Set(named === undefined ? setting.chain : [named, ...setting.chain])];
  return [
    ...unusableProviders(models, setting),
    ...models.flatMap((asked) => candidatesOf(asked, sixteenBit, setting)),
    { kind: 'lanczos' },
  ];
}

/** Bits of a sample in the images for which a model has a candidate: itself, or a twin. */
export function servesBits(asked: ModelEntry, setting: ChainSetting): readonly (8 | 16)[] {
  return ([8, 16] as const).filter((bits) =>
    candidatesOf(asked, bits === 16, setting).some(({ kind }) => kind === 'network'),
  );
}

function unknownModel(name: string, entries: readonly ModelEntry[]): TesseraError {
  return new TesseraError('invalid_option', 'Expected model to be the name of a known model.', {
    details: {
      parameter: 'model',
      received: name.slice(0, 100),
      accepted: [...entries.map((entry) => entry.name), LANCZOS].join(', '),
    },
  });
}

function candidatesOf(asked: ModelEntry, sixteenBit: boolean, setting: ChainSetting): Candidate[] {
  const candidates: NetworkCandidate[] = [];
  const usable = setting.providers.filter((each) => each.usable);
  let missing: ModelEntry | undefined;
  for (const { provider } of usable) {
    for (const entry of variants(asked, provider, sixteenBit, setting.entries)) {
      if (setting.isInstalled(entry)) candidates.push({ kind: 'network', entry, provider, asked });
      else missing ??= entry;
    }
    const standIn = standInFor(asked, provider, sixteenBit, setting);
    if (standIn !== undefined)
      candidates.push({ kind: 'network', entry: standIn, provider, asked, standIn: true });
  }
  if (candidates.length > 0 || usable.length === 0) return candidates;
  const skip = { kind: 'skip', model: asked.name } as const;
  if (missing !== undefined)
    return [{ ...skip, reason: 'not_installed', detail: `${missing.name} is not installed.` }];
  const detail = `${asked.name} computes in too few bits for a 16-bit image, and has no float32 twin.`;
  return [{ ...skip, reason: 'unsupported_by_model', detail }];
}

/** The installed float32 twin of an int8 model, for 8-bit images on the CPU. On other providers the twin is a candidate of its own. */
function standInFor(
  asked: ModelEntry,
  provider: Provider,
  sixteenBit: boolean,
  { entries, isInstalled }: ChainSetting,
): ModelEntry | undefined {
  if (provider !== 'cpu' || sixteenBit || asked.dtype !== 'uint8' || !isInstalled(asked)) return undefined;
  const twin = entries.find((entry) => entry.name === asked.floatTwin);
  return twin !== undefined && isInstalled(twin) ? twin : undefined;
}

/** Each provider that was asked for and cannot be used, with the first model that would have run there. */
function unusableProviders(models: readonly ModelEntry[], setting: ChainSetting): SkippedCandidate[] {
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
 * The twins of a model that suit a provider, best first. A GPU computes halves where there are some, and never int8, whose kernels only
 * the CPU has. The CPU computes halves slower than float32. A 16-bit image needs float32.
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
  const suitable = sixteenBit
    ? [float]
    : provider === 'cpu'
      ? [asked.dtype === 'float16' ? (float ?? asked) : asked]
      : [half, float, float === undefined ? asked : undefined];
  return [...new Set(suitable.filter((entry) => entry !== undefined))];
}
