import { LANCZOS, type ModelStatus, type Provider, type ProviderStatus } from '../../domain/types.js';
import type { SpeedMemory } from '../cost/speed-memory.js';
import type { ModelEntry } from '../manifest-entry.js';
import { modelKey } from '../model-key.js';
import type { SessionPool } from '../onnx/session-pool.js';

/** What the last of the chain is for. */
export const LANCZOS_PURPOSE = 'Any picture, at once; softer than every network.';

/** What is known of every model of the manifest, and of Lanczos: what `GET /models` tells. */
export function modelStatuses(
  models: { readonly entries: readonly ModelEntry[]; readonly chain: readonly ModelEntry[] },
  from: {
    readonly providers: readonly ProviderStatus[];
    readonly pool: SessionPool;
    readonly memory: SpeedMemory;
  },
): readonly ModelStatus[] {
  const usable = from.providers.filter((each) => each.usable).map((each) => each.provider);
  const statuses = models.entries.map((entry) => statusOf(entry, models.chain.indexOf(entry), usable, from));
  return [...statuses, lanczosStatus(models.chain.length)];
}

function statusOf(
  entry: ModelEntry,
  position: number,
  usable: readonly Provider[],
  from: { readonly pool: SessionPool; readonly memory: SpeedMemory },
): ModelStatus {
  const { pool, memory } = from;
  const loadedOn = usable.find((provider) => pool.isLoaded(entry, provider));
  const installed = pool.isInstalled(entry);
  // On any provider it works on, it can serve.
  const refusals = usable.map((provider) => pool.refusal(entry, provider));
  const working = usable.filter((_, index) => refusals[index] === undefined);
  const provider = loadedOn ?? working[0];
  const unavailable = !installed
    ? `Not installed; "tessera models pull ${entry.name}" downloads it.`
    : usable.length === 0
      ? 'No execution provider is usable.'
      : working.length === 0
        ? refusals[0]?.message
        : undefined;
  const speeds: Partial<Record<Provider, number>> = {};
  for (const each of usable) {
    const speed = memory.speed(modelKey(entry), each);
    if (speed !== undefined) speeds[each] = Math.round(speed * 1000) / 1000;
  }
  return {
    name: entry.name,
    title: entry.title,
    ...(entry.purpose === undefined ? {} : { purpose: entry.purpose }),
    scale: entry.scale,
    licence: entry.licence,
    sha256: entry.sha256,
    family: entry.family,
    installed,
    confirmed: entry.confirmed,
    sizeRequirements: entry.sizeRequirements,
    overlapPx: entry.overlapPx,
    loaded: loadedOn !== undefined,
    microsecondsPerPixel: speeds,
    ...(position < 0 ? {} : { chainPosition: position + 1 }),
    ...(installed && provider !== undefined ? { provider } : {}),
    ...(unavailable === undefined ? {} : { unavailable }),
  };
}

function lanczosStatus(position: number): ModelStatus {
  return {
    name: LANCZOS,
    title: 'Lanczos resampling, no network',
    purpose: LANCZOS_PURPOSE,
    scale: 4,
    licence: 'MIT',
    family: 'lanczos',
    installed: true,
    confirmed: true,
    chainPosition: position + 1,
    sizeRequirements: { minimum: 1, multipleOf: 1 },
    overlapPx: 0,
    loaded: true,
    microsecondsPerPixel: {},
  };
}
