import type { CostModel } from '../../cost/cost-model.js';
import { defined } from '../../domain/defined.js';
import { LANCZOS, type ModelStatus, type Provider } from '../../domain/types.js';
import { DEFAULT_SCALE } from '../../options/resolve-scale.js';
import type { ModelEntry } from '../manifest-entry.js';
import { modelKey } from '../model-key.js';
import type { SessionPool } from '../onnx/session-pool.js';
import { type ChainSetting, servesBits } from './candidate.js';

/** What Lanczos, the last of the chain, is for. */
export const LANCZOS_PURPOSE = 'Any picture, at once; softer than every network.';

/** What is known of every model of the manifest, and of Lanczos: the answer of `GET /models`. */
export function modelStatuses(
  setting: ChainSetting,
  parts: { readonly pool: SessionPool; readonly costs: CostModel },
): readonly ModelStatus[] {
  const statuses = setting.entries.map((entry) => statusOf(entry, setting, parts));
  return [...statuses, lanczosStatus(setting.chain.length)];
}

function statusOf(
  entry: ModelEntry,
  setting: ChainSetting,
  { pool, costs }: { readonly pool: SessionPool; readonly costs: CostModel },
): ModelStatus {
  const position = setting.chain.indexOf(entry);
  const usable = setting.providers.filter((each) => each.usable).map((each) => each.provider);
  const loadedOn = usable.find((provider) => pool.isLoaded(entry, provider));
  const installed = pool.isInstalled(entry);
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
    const speed = costs.speed(modelKey(entry), each);
    if (speed !== undefined) speeds[each] = Math.round(speed * 1000) / 1000;
  }
  return {
    name: entry.name,
    title: entry.title,
    ...defined({ purpose: entry.purpose, unavailable }),
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
    servesBits: servesBits(entry, setting),
    ...(installed && provider !== undefined ? { provider } : {}),
  };
}

function lanczosStatus(position: number): ModelStatus {
  return {
    name: LANCZOS,
    title: 'Lanczos resampling, no network',
    purpose: LANCZOS_PURPOSE,
    scale: DEFAULT_SCALE,
    licence: 'MIT',
    family: 'lanczos',
    installed: true,
    confirmed: true,
    chainPosition: position + 1,
    servesBits: [8, 16],
    sizeRequirements: { minimum: 1, multipleOf: 1 },
    overlapPx: 0,
    loaded: true,
    microsecondsPerPixel: {},
  };
}
