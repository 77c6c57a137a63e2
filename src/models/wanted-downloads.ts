import type { ModelStatus, ProviderStatus } from '../types.js';
import type { ModelEntry } from './manifest.js';

/**
 * Which files a running service should fetch: those of the chain that are missing, in its order; and on a GPU their halves,
 * which it prefers.
 */
export function wantedDownloads(
  entries: readonly ModelEntry[],
  statuses: readonly ModelStatus[],
  providers: readonly ProviderStatus[],
): readonly ModelEntry[] {
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  const installed = new Set(statuses.filter((status) => status.installed).map((status) => status.name));
  const hasGpu = providers.some(({ provider, usable }) => usable && provider !== 'cpu');
  const chain = statuses
    .filter((status) => status.chainPosition !== undefined)
    .sort((a, b) => (a.chainPosition ?? 0) - (b.chainPosition ?? 0))
    .flatMap((status) => byName.get(status.name) ?? []);
  const wanted = chain.flatMap((entry) => {
    const half = hasGpu && entry.halfTwin !== undefined ? byName.get(entry.halfTwin) : undefined;
    return half === undefined ? [entry] : [half, entry];
  });
  return [...new Set(wanted)].filter((entry) => entry.url !== undefined && !installed.has(entry.name));
}
