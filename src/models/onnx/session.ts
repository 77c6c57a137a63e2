import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { InferenceSession } from 'onnxruntime-node';
import type { Provider } from '../../domain/types.js';
import { systemCode } from '../../host/system-reason.js';
import type { Raster } from '../../tiling/raster.js';
import { failureReason, lacksMemory, ModelLoadError, messageOf, tileFailure } from '../failure.js';
import { type ModelEntry, outputForm } from '../manifest-entry.js';
import { TileFailure, type TileModel, type TimedTile } from '../tile-model.js';
import { newTensor, onnxRuntime, tensorSamples } from './runtime.js';
import { withFixedSize } from './session-contract.js';
import { faultOfAnswer } from './tile-check.js';
import {
  hasContrast,
  isFlat,
  newTensorData,
  padByReflection,
  readTensor,
  sampleMaximum,
  type TensorData,
  tensorDims,
  writeTensor,
} from './tile-tensor.js';
import { NoTileWorker, TileWorkers } from './tile-workers.js';

export interface SessionOptions {
  /** Threads of one run on the CPU; at least 1. */
  readonly threads: number;
  /** true: fail if part of the network would run on the CPU, which some networks need for their shapes. */
  readonly wholeNetwork?: boolean;
}

/** A TileModel that its owner releases. */
export interface LoadedModel extends TileModel {
  /** Frees the session after the pending runs; the model must not be used afterwards. */
  release(): Promise<void>;
}

/**
 * Loads a model on one provider, never on a list of them: ONNX Runtime silently drops providers from a list.
 * @param entry its file must be in `modelsFolder`.
 * @returns a model whose `entry` has the fixed size of the file, if the file has one.
 * @throws ModelLoadError not_installed, corrupt_model, provider_unavailable, runtime_error or out_of_memory.
 */
export async function openModel(
  entry: ModelEntry,
  modelsFolder: string,
  provider: Provider,
  options: SessionOptions,
): Promise<LoadedModel> {
  const open = async (): Promise<InferenceSession> =>
    createSession(entry, await readVerified(entry, modelsFolder), provider, options);
  const session = await open();
  try {
    const tileWorkers = provider === 'cpu' ? new TileWorkers({ entry, modelsFolder }) : undefined;
    return new OnnxTileModel(withFixedSize(entry, session), provider, session, open, tileWorkers);
  } catch (error) {
    await session.release();
    throw error;
  }
}

/** @throws ModelLoadError not_installed, out_of_memory, or corrupt_model for a file that is unreadable or differs from the entry. */
async function readVerified({ name, file, bytes, sha256 }: ModelEntry, folder: string): Promise<Uint8Array> {
  const content = await readFile(join(folder, file)).catch((cause: unknown) => {
    const code = systemCode(cause) ?? '';
    if (['ENOENT', 'ENOTDIR'].includes(code))
      throw new ModelLoadError('not_installed', `The file of ${name} is not installed.`, { cause });
    // A lack of file descriptors passes, as a lack of memory does.
    if (lacksMemory(cause) || ['EMFILE', 'ENFILE'].includes(code)) throw tooLarge(name, cause);
    throw new ModelLoadError('corrupt_model', `The file of ${name} cannot be read.`, { cause });
  });
  if (content.length !== bytes)
    throw new ModelLoadError(
      'corrupt_model',
      `The file of ${name} has ${content.length} bytes instead of ${bytes}.`,
    );
  if (createHash('sha256').update(content).digest('hex') !== sha256)
    throw new ModelLoadError('corrupt_model', `The file of ${name} has another sha256 than the manifest.`);
  return content;
}

function tooLarge(name: string, cause: unknown): ModelLoadError {
  return new ModelLoadError('out_of_memory', `${name} did not fit into memory.`, { cause });
}

async function createSession(
  { name }: ModelEntry,
  bytes: Uint8Array,
  provider: Provider,
  options: SessionOptions,
): Promise<InferenceSession> {
  const { InferenceSession } = await onnxRuntime().catch((cause: unknown) => {
    if (lacksMemory(cause)) throw tooLarge(name, cause);
    throw new ModelLoadError('runtime_error', 'ONNX Runtime cannot be loaded on this machine.', { cause });
  });
  try {
    return await InferenceSession.create(bytes, {
      executionProviders: [provider],
      intraOpNumThreads: options.threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      // The arena keeps its pages between tiles: without it 512² tiles took up to twice the time. A memory pattern is
      // stored for every shape and brought nothing measurable.
      enableCpuMemArena: true,
      enableMemPattern: false,
      // Threads that spin after a run take the processor from encoding and from other engines: on a busy machine runs
      // without spinning were up to three times faster, on a quiet one equal.
      extra: {
        session: {
          intra_op: { allow_spinning: '0' },
          disable_cpu_ep_fallback: options.wholeNetwork && provider !== 'cpu' ? '1' : '0',
        },
      },
      // Errors arrive as exceptions; anything milder would go to standard error, past the log.
      logSeverityLevel: 4,
    });
  } catch (cause) {
    if (failureReason(messageOf(cause)) === 'out_of_memory') throw tooLarge(name, cause);
    throw provider === 'cpu'
      ? new ModelLoadError('corrupt_model', `${name} is not a model that can be loaded.`, { cause })
      : new ModelLoadError('provider_unavailable', `${name} could not be loaded on ${provider}.`, { cause });
  }
}

class OnnxTileModel implements LoadedModel {
  readonly runInWorker?: (tile: Raster<3>) => Promise<TimedTile>;
  /** The device ran out of memory. Its session may stay unusable, so the next tile gets a new one. */
  #broken = false;
  /** Buffers that are reused while tiles have the same shape. */
  #input: TensorData | undefined;
  #output: { readonly data: TensorData; readonly key: string } | undefined;
  /** Settles after the last run: runs share the buffers above. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    readonly entry: ModelEntry,
    readonly provider: Provider,
    private session: InferenceSession,
    private readonly reopen: () => Promise<InferenceSession>,
    private readonly tileWorkers: TileWorkers | undefined,
  ) {
    if (tileWorkers !== undefined) this.runInWorker = (tile) => this.#runInWorker(tileWorkers, tile);
  }

  run(tile: Raster<3>): Promise<Raster<3>> {
    const result = this.#last.then(() => this.#checked(tile));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async release(): Promise<void> {
    await this.#last;
    await this.tileWorkers?.close();
    this.#dropBuffers();
    await this.session.release();
  }

  #dropBuffers(): void {
    this.#input = undefined;
    this.#output = undefined;
  }

  /** Runs in this thread when there is no tile worker, for want of memory for a thread or a session. */
  async #runInWorker(tileWorkers: TileWorkers, tile: Raster<3>): Promise<TimedTile> {
    try {
      return await tileWorkers.run(tile);
    } catch (error) {
      if (!(error instanceof NoTileWorker)) throw error;
      const startedMs = performance.now();
      return { upscaled: await this.run(tile), ms: performance.now() - startedMs };
    }
  }

  async #checked(tile: Raster<3>): Promise<Raster<3>> {
    try {
      const upscaled = await this.#compute(tile);
      if (isFlat(upscaled) && hasContrast(tile))
        throw new TileFailure('invalid_output', 'The model answered with one flat colour.');
      const fault = this.entry.tileCheck === false ? undefined : faultOfAnswer(tile, upscaled);
      if (fault !== undefined) throw new TileFailure('invalid_output', fault);
      return upscaled;
    } catch (error) {
      const failure = tileFailure(error);
      if (failure.reason === 'out_of_memory') {
        this.#dropBuffers();
        this.#broken = this.provider !== 'cpu';
      }
      throw failure;
    }
  }

  async #compute(tile: Raster<3>): Promise<Raster<3>> {
    const { entry } = this;
    const maximum = sampleMaximum(tile.data);
    const form = outputForm(entry);
    if ([entry.dtype, form.dtype].includes('uint8') && maximum !== 255)
      throw new TileFailure('runtime_error', `${entry.name} computes in 8 bits and was given 16.`);
    if (this.#broken) {
      const old = this.session;
      this.session = await this.reopen();
      this.#broken = false;
      await old.release();
    }
    const { width, height } = inputSize(entry.sizeRequirements, tile);
    const upscaled = { width: width * entry.scale, height: height * entry.scale };
    const output = await this.#infer(padByReflection(tile, width, height), upscaled);
    const crop = { width: tile.width * entry.scale, height: tile.height * entry.scale };
    return readTensor(output, form, upscaled, crop, maximum);
  }

  /** @returns the output tensor's buffer, valid until the next run. */
  async #infer(pixels: Raster<3>, upscaled: { width: number; height: number }): Promise<TensorData> {
    const { entry } = this;
    const dims = tensorDims(entry.layout, pixels.width, pixels.height);
    const feeds = { [entry.input]: await newTensor(entry.dtype, this.#fill(pixels), dims) };
    const expected = tensorDims(entry.layout, upscaled.width, upscaled.height);
    const key = expected.join('×');
    // The caller gets a uint8 answer without a copy, so only buffers of other types are reused.
    const { dtype } = outputForm(entry);
    const reusable = this.#output?.key === key ? await newTensor(dtype, this.#output.data, expected) : null;
    const answer = (await this.session.run(feeds, { [entry.output]: reusable }))[entry.output];
    if (answer === undefined || answer.type !== dtype || answer.dims.join('×') !== key)
      throw new TileFailure(
        'invalid_output',
        `${entry.name} answered ${answer?.type} ${answer?.dims.join('×')} where ${dtype} ${key} was expected.`,
      );
    const data = tensorSamples(answer);
    if (dtype !== 'uint8') this.#output = { data, key };
    return data;
  }

  #fill(pixels: Raster<3>): TensorData {
    const { entry } = this;
    if (entry.dtype === 'uint8' && entry.layout === 'nhwc' && pixels.data instanceof Uint8Array)
      return pixels.data as Uint8Array<ArrayBuffer>;
    if (this.#input?.length !== pixels.data.length)
      this.#input = newTensorData(entry.dtype, pixels.data.length);
    writeTensor(pixels, entry, this.#input);
    return this.#input;
  }
}

/** @returns the smallest size that the model accepts and the tile fits into. */
function inputSize(
  { fixed, minimum, multipleOf }: ModelEntry['sizeRequirements'],
  tile: Raster<3>,
): { width: number; height: number } {
  const fit = (side: number): number => Math.ceil(Math.max(side, minimum) / multipleOf) * multipleOf;
  if (fixed === undefined) return { width: fit(tile.width), height: fit(tile.height) };
  const [width, height] = fixed;
  if (tile.width > width || tile.height > height)
    throw new TileFailure('runtime_error', `The model takes tiles of at most ${width}×${height} pixels.`);
  return { width, height };
}
