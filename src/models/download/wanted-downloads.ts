import type { ModelStatus, ProviderStatus } from '../../domain/types.js';
import type { ModelEntry } from '../manifest-entry.js';

/**
 * Which files a running service should fetch: those of the default model and of the chain that are missing, in this order; and on
 * a GPU their halves, which it prefers.
 * @param defaultModel `DEFAULT_MODEL`.
 */
export function wantedDownloads(
  entries: readonly ModelEntry[],
  statuses: readonly ModelStatus[],
  providers: readonly ProviderStatus[],
  defaultModel: string,
): readonly ModelEntry[] {
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  const installed = new Set(statuses.filter((status) => status.installed).map((status) => status.name));
  const hasGpu = providers.some(({ provider, usable }) => usable && provider !== 'cpu');
  const placeOf = ({ name, chainPosition }: ModelStatus) => (name === defaultModel ? -1 : chainPosition);
  const used = statuses
    .filter((status) => placeOf(status) !== undefined)
    .sort((a, b) => (placeOf(a) ?? 0) - (placeOf(b) ?? 0))
    .flatMap((status) => byName.get(status.name) ?? []);
  const wanted = used.flatMap((entry) => {
    const half = hasGpu && entry.halfTwin !== undefined ? byName.get(entry.halfTwin) : undefined;
    return half === undefined ? [entry] : [half, entry];
  });
  return [...new Set(wanted)].filter((entry) => entry.url !== undefined && !installed.has(entry.name));
}
