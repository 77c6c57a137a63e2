import { PROVIDERS, type Provider, type ProviderStatus } from '../../domain/types.js';
import { innermostReason, messageOf } from '../failure.js';
import type { ModelEntry } from '../manifest-entry.js';
import { cudaLibraryInstalled } from '../onnx/runtime.js';
import type { SessionPool } from '../onnx/session-pool.js';
import { fileState } from '../verify.js';
import { compareWithCpu, type Golden, goldenTile, looksUpscaled } from './golden-tile.js';
import { PROBE_PATIENCE_MS, probeElsewhere } from './probe.js';

/** Float32, for GPUs, which have no int8 kernels. */
const GPU_PROBE = 'tessera-lite-x4-f32';
/** What the CPU is proven with, the first whose file is intact: the model that the first image may need, or its twin. */
const CPU_PROBES = ['tessera-lite-x4', GPU_PROBE];

/**
 * Proves each provider by a golden tile, alone: ONNX Runtime drops providers that it lacks from a list, and a driver may
 * load and compute nonsense. The CPU's answer must look like the tile it enlarged; every other provider must give the
 * CPU's answer, with no part of the network left to the CPU.
 * @param wanted from `wantedProviders`.
 * @param pool keeps the CPU's model loaded for the first image.
 * @param patienceMs what a provider other than the CPU may take.
 * @returns them in the same order; those that cannot be used say why.
 */
export async function probeProviders(
  wanted: readonly Provider[],
  entries: readonly ModelEntry[],
  pool: SessionPool,
  patienceMs = PROBE_PATIENCE_MS,
): Promise<readonly ProviderStatus[]> {
  const gpuProbe = entries.find((each) => each.name === GPU_PROBE);
  const answering = wanted.some((provider) => provider !== 'cpu') ? cpuAnswer(gpuProbe, pool) : undefined;
  const statuses = await Promise.all(
    wanted.map(async (provider) =>
      provider === 'cpu'
        ? probeCpu(entries, pool)
        : probeGpu(provider, await answering, pool.options.modelsFolder, patienceMs),
    ),
  );
  const { log } = pool.options;
  for (const { provider, usable, detail } of statuses) {
    if (usable) log.info({ provider, detail }, 'provider usable');
    else log.warn({ provider, detail }, 'provider not usable');
  }
  return statuses;
}

/**
 * The providers to look at, best first. `auto` takes what is installed for this platform; WebGPU is there everywhere, but
 * may be a software renderer many times slower than the CPU, so it comes on request only.
 */
export function wantedProviders(
  configured: readonly string[],
  platform: NodeJS.Platform = process.platform,
  cudaInstalled: () => boolean = cudaLibraryInstalled,
): readonly Provider[] {
  const wanted = configured.flatMap((name): readonly Provider[] => {
    if (name !== 'auto') return PROVIDERS.filter((provider) => provider === name);
    const accelerated: Provider[] = cudaInstalled() ? ['cuda'] : [];
    if (platform === 'darwin') accelerated.push('coreml');
    if (platform === 'win32') accelerated.push('dml');
    return [...accelerated, 'cpu'];
  });
  return [...new Set(wanted)];
}

/** Why a provider need not even be tried here. */
function absence(provider: Provider): string | undefined {
  switch (provider) {
    case 'cuda':
      return cudaLibraryInstalled()
        ? undefined
        : 'Its library is not installed; see "CUDA" in docs/models.md for the one command.';
    case 'coreml':
      return process.platform === 'darwin' ? undefined : 'It exists on macOS only.';
    case 'dml':
      return process.platform === 'win32' ? undefined : 'It exists on Windows only.';
    case 'webgpu':
    case 'cpu':
      return undefined;
  }
}

/** A file that is missing or damaged says nothing of the CPU, which then counts as usable: it has no driver to doubt. */
async function probeCpu(entries: readonly ModelEntry[], pool: SessionPool): Promise<ProviderStatus> {
  const told = (usable: boolean, detail: string): ProviderStatus => ({ provider: 'cpu', usable, detail });
  const unusableFiles: string[] = [];
  for (const name of CPU_PROBES) {
    // A manifest of one's own need not have it.
    const entry = entries.find((each) => each.name === name);
    if (entry === undefined) continue;
    try {
      return looksUpscaled((await answerOf(entry, pool)).answer)
        ? told(true, 'A golden tile came back right.')
        : told(false, 'A golden tile came back wrong.');
    } catch (error) {
      if ((await fileState(entry, pool.options.modelsFolder, 'sha256')) === 'intact')
        return told(false, `A golden tile could not be computed: ${innermostReason(error)}`);
      unusableFiles.push(messageOf(error));
    }
  }
  return told(true, ['Not proven, for want of a model.', ...unusableFiles].join(' '));
}

/** The right answer for GPUs; undefined when the CPU has none. */
async function cpuAnswer(entry: ModelEntry | undefined, pool: SessionPool): Promise<Golden | undefined> {
  if (entry === undefined) return undefined;
  try {
    const golden = await answerOf(entry, pool);
    return looksUpscaled(golden.answer) ? golden : undefined;
  } catch {
    // The providers' own words say that there is nothing to compare with.
    return undefined;
  }
}

async function answerOf(entry: ModelEntry, pool: SessionPool): Promise<Golden> {
  const loan = await pool.borrow(entry, 'cpu');
  try {
    return { entry, answer: await loan.model.run(goldenTile()) };
  } finally {
    loan.giveBack();
  }
}

async function probeGpu(
  provider: Provider,
  golden: Golden | undefined,
  modelsFolder: string,
  patienceMs: number,
): Promise<ProviderStatus> {
  const told = (usable: boolean, detail: string): ProviderStatus => ({ provider, usable, detail });
  const absent = absence(provider);
  if (absent !== undefined) return told(false, absent);
  if (golden === undefined)
    return told(false, 'There is no answer of the CPU to compare a golden tile with.');
  try {
    const answer = await probeElsewhere({ entry: golden.entry, modelsFolder, provider }, patienceMs);
    return told(...compareWithCpu(answer, golden));
  } catch (error) {
    return told(false, `A golden tile could not be computed: ${innermostReason(error)}`);
  }
}
