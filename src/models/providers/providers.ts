import { PROVIDERS, type Provider, type ProviderStatus } from '../../domain/types.js';
import { innermostReason, messageOf } from '../failure.js';
import type { ModelEntry } from '../manifest-entry.js';
import { cudaLibraryInstalled } from '../onnx/runtime.js';
import type { SessionPool } from '../onnx/session-pool.js';
import { fileState } from '../verify.js';
import { compareWithCpu, type Golden, goldenTile, looksUpscaled } from './golden-tile.js';
import { PROBE_PATIENCE_MS, probeElsewhere } from './probe.js';

/** Float32: GPUs have no int8 kernels. */
const GPU_PROBE = 'tessera-lite-x4-f32';
/** The first of these whose file is intact proves the CPU. */
const CPU_PROBES = ['tessera-lite-x4', GPU_PROBE];

type Verdict = Pick<ProviderStatus, 'usable' | 'detail'>;

/**
 * Proves each provider alone by a golden tile: ONNX Runtime silently drops missing providers from a list, and a driver may load and compute nonsense.
 * The CPU's answer must look like the tile. Every other provider must run the whole network and give the CPU's answer.
 * @param wanted from `wantedProviders`.
 * @param pool keeps the CPU's model loaded for the first image.
 * @param patienceMs time limit of a provider other than the CPU.
 * @returns a status for each provider, in the same order; `detail` says why a provider is not usable.
 */
export async function probeProviders(
  wanted: readonly Provider[],
  entries: readonly ModelEntry[],
  pool: SessionPool,
  patienceMs = PROBE_PATIENCE_MS,
): Promise<readonly ProviderStatus[]> {
  const gpuProbe = entries.find((each) => each.name === GPU_PROBE);
  const golden = wanted.some((provider) => provider !== 'cpu') ? cpuAnswer(gpuProbe, pool) : undefined;
  const { log, modelsFolder } = pool.options;
  return Promise.all(
    wanted.map(async (provider) => {
      const verdict =
        provider === 'cpu'
          ? await probeCpu(entries, pool)
          : await probeGpu(provider, await golden, modelsFolder, patienceMs);
      const status = { provider, ...verdict };
      if (status.usable) log.info(status, 'provider usable');
      else log.warn(status, 'provider not usable');
      return status;
    }),
  );
}

/**
 * The providers to prove, best first. `auto` means what is installed for this platform, without WebGPU, which exists everywhere but may be a software
 * renderer many times slower than the CPU.
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

/** @returns why a provider cannot exist here; undefined when it may. */
function absence(provider: Provider): string | undefined {
  if (provider === 'cuda' && !cudaLibraryInstalled())
    return 'Its library is not installed; see "CUDA" in docs/models.md for the one command.';
  if (provider === 'coreml' && process.platform !== 'darwin') return 'It exists on macOS only.';
  if (provider === 'dml' && process.platform !== 'win32') return 'It exists on Windows only.';
  return undefined;
}

/** Without an intact model the CPU counts as usable: it has no driver that could be wrong. */
async function probeCpu(entries: readonly ModelEntry[], pool: SessionPool): Promise<Verdict> {
  const unusableFiles: string[] = [];
  for (const name of CPU_PROBES) {
    const entry = entries.find((each) => each.name === name);
    if (entry === undefined) continue; // a replaced manifest may lack it
    try {
      const usable = looksUpscaled((await answerOf(entry, pool)).answer);
      return { usable, detail: `A golden tile came back ${usable ? 'right' : 'wrong'}.` };
    } catch (error) {
      if ((await fileState(entry, pool.options.modelsFolder, 'sha256')) === 'intact') return failed(error);
      unusableFiles.push(messageOf(error));
    }
  }
  return { usable: true, detail: ['Not proven, for want of a model.', ...unusableFiles].join(' ') };
}

function failed(error: unknown): Verdict {
  return { usable: false, detail: `A golden tile could not be computed: ${innermostReason(error)}` };
}

/** @returns undefined when the CPU has no right answer; the other providers' statuses then say so. */
async function cpuAnswer(entry: ModelEntry | undefined, pool: SessionPool): Promise<Golden | undefined> {
  const golden = entry && (await answerOf(entry, pool).catch(() => undefined));
  return golden !== undefined && looksUpscaled(golden.answer) ? golden : undefined;
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
): Promise<Verdict> {
  const absent = absence(provider);
  if (absent !== undefined) return { usable: false, detail: absent };
  if (golden === undefined)
    return { usable: false, detail: 'There is no answer of the CPU to compare a golden tile with.' };
  try {
    const answer = await probeElsewhere({ entry: golden.entry, modelsFolder, provider }, patienceMs);
    return compareWithCpu(answer, golden);
  } catch (error) {
    return failed(error);
  }
}
