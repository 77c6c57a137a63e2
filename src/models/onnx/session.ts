import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { InferenceSession } from 'onnxruntime-node';
import type { Provider } from '../../domain/types.js';
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
  /** true: fail when the provider would leave part of the network to the CPU. Some networks need that for their shapes. */
  readonly wholeNetwork?: boolean;
}

/** A TileModel that can be given back. */
export interface LoadedModel extends TileModel {
  /** Frees the session after the runs that were asked for; the model must not be used afterwards. */
  release(): Promise<void>;
}

/**
 * Loads a model on one provider and on no other: ONNX Runtime drops providers from a list silently.
 * @param entry its file must be in `modelsFolder`.
 * @returns a model whose `entry` has the fixed size that the file itself states, if any.
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

/** @throws ModelLoadError not_installed, out_of_memory, or corrupt_model when it cannot be read or is not what the entry says. */
async function readVerified(entry: ModelEntry, modelsFolder: string): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(join(modelsFolder, entry.file));
  } catch (error) {
    throw unreadable(entry, error);
  }
  if (bytes.length !== entry.bytes)
    throw new ModelLoadError(
      'corrupt_model',
      `The file of ${entry.name} has ${bytes.length} bytes instead of ${entry.bytes}.`,
    );
  if (createHash('sha256').update(bytes).digest('hex') !== entry.sha256)
    throw new ModelLoadError(
      'corrupt_model',
      `The file of ${entry.name} has another sha256 than the manifest.`,
    );
  return bytes;
}

function unreadable(entry: ModelEntry, error: unknown): ModelLoadError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new ModelLoadError('not_installed', `The file of ${entry.name} is not installed.`, {
      cause: error,
    });
  // A limit of open files passes, as memory does.
  if (lacksMemory(error) || code === 'EMFILE' || code === 'ENFILE') return tooLarge(entry, error);
  return new ModelLoadError('corrupt_model', `The file of ${entry.name} cannot be read.`, { cause: error });
}

function tooLarge({ name }: ModelEntry, cause: unknown): ModelLoadError {
  return new ModelLoadError('out_of_memory', `${name} did not fit into memory.`, { cause });
}

/** @throws ModelLoadError runtime_error where ONNX Runtime itself is the trouble, out_of_memory. */
async function runtime(entry: ModelEntry): ReturnType<typeof onnxRuntime> {
  try {
    return await onnxRuntime();
  } catch (error) {
    if (lacksMemory(error)) throw tooLarge(entry, error);
    throw new ModelLoadError('runtime_error', 'ONNX Runtime cannot be loaded on this machine.', {
      cause: error,
    });
  }
}

async function createSession(
  entry: ModelEntry,
  bytes: Uint8Array,
  provider: Provider,
  options: SessionOptions,
): Promise<InferenceSession> {
  const { InferenceSession } = await runtime(entry);
  try {
    return await InferenceSession.create(bytes, {
      executionProviders: [provider],
      intraOpNumThreads: options.threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      // The arena keeps its pages between tiles: without it 512² tiles took up to twice the time. A memory pattern is
      // remembered for every shape and brought nothing measurable.
      enableCpuMemArena: true,
      enableMemPattern: false,
      // Threads that spin after a run take the processor from encoding and from other engines; measured on a busy
      // machine, runs without spinning were up to three times faster, and on a quiet one equal.
      extra: {
        session: {
          intra_op: { allow_spinning: '0' },
          disable_cpu_ep_fallback: options.wholeNetwork && provider !== 'cpu' ? '1' : '0',
        },
      },
      // Errors arrive as exceptions; anything milder would go to standard error past the log.
      logSeverityLevel: 4,
    });
  } catch (error) {
    const text = messageOf(error);
    if (failureReason(text) === 'out_of_memory') throw tooLarge(entry, error);
    if (provider !== 'cpu')
      throw new ModelLoadError('provider_unavailable', `${entry.name} could not be loaded on ${provider}.`, {
        cause: error,
      });
    throw new ModelLoadError('corrupt_model', `${entry.name} is not a model that can be loaded.`, {
      cause: error,
    });
  }
}

class OnnxTileModel implements LoadedModel {
  readonly entry: ModelEntry;
  readonly provider: Provider;
  #session: InferenceSession;
  readonly #reopen: () => Promise<InferenceSession>;
  readonly runInWorker?: (tile: Raster<3>) => Promise<TimedTile>;
  readonly #tileWorkers: TileWorkers | undefined;
  /** Set when a device ran out of memory: the session may stay broken, so the next tile gets a new one. */
  #broken = false;
  /** Reused from tile to tile of the same shape. */
  #input: TensorData | undefined;
  #output: { readonly data: TensorData; readonly key: string } | undefined;
  /** Settles when the runs asked for so far have ended: they share the buffers above. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    entry: ModelEntry,
    provider: Provider,
    session: InferenceSession,
    reopen: () => Promise<InferenceSession>,
    tileWorkers: TileWorkers | undefined,
  ) {
    this.entry = entry;
    this.provider = provider;
    this.#session = session;
    this.#reopen = reopen;
    this.#tileWorkers = tileWorkers;
    if (tileWorkers !== undefined) this.runInWorker = (tile) => this.#runBeside(tileWorkers, tile);
  }

  run(tile: Raster<3>): Promise<Raster<3>> {
    const result = this.#turn.then(() => this.#runAlone(tile));
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async release(): Promise<void> {
    await this.#turn;
    await this.#tileWorkers?.close();
    this.#input = undefined;
    this.#output = undefined;
    await this.#session.release();
  }

  /** Where a tile worker cannot be had (a thread or a session more did not fit), as `run` does. */
  async #runBeside(tileWorkers: TileWorkers, tile: Raster<3>): Promise<TimedTile> {
    try {
      return await tileWorkers.run(tile);
    } catch (error) {
      if (!(error instanceof NoTileWorker)) throw error;
      // Tiles beside it wait for the same session: together they take of all processors what each takes divided by their number.
      const startedMs = performance.now();
      return { upscaled: await this.run(tile), ms: performance.now() - startedMs };
    }
  }

  async #runAlone(tile: Raster<3>): Promise<Raster<3>> {
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
        this.#input = undefined;
        this.#output = undefined;
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
    if (this.#broken) await this.#replaceSession();
    const { width, height } = inputSize(entry.sizeRequirements, tile);
    const padded = padByReflection(tile, width, height);
    const upscaled = { width: width * entry.scale, height: height * entry.scale };
    const output = await this.#infer(padded, upscaled);
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
    // A uint8 answer is handed on to the caller as it is, so only converted outputs can be written over.
    const { dtype } = outputForm(entry);
    const reusable = this.#output?.key === key ? await newTensor(dtype, this.#output.data, expected) : null;
    const answer = (await this.#session.run(feeds, { [entry.output]: reusable }))[entry.output];
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

  async #replaceSession(): Promise<void> {
    const fresh = await this.#reopen();
    const old = this.#session;
    this.#session = fresh;
    this.#broken = false;
    await old.release();
  }
}

/** The smallest size that the model accepts and that holds the tile. */
function inputSize(
  requirements: ModelEntry['sizeRequirements'],
  tile: Raster<3>,
): { width: number; height: number } {
  if (requirements.fixed !== undefined) {
    const [width, height] = requirements.fixed;
    if (tile.width > width || tile.height > height)
      throw new TileFailure('runtime_error', `The model takes tiles of at most ${width}×${height} pixels.`);
    return { width, height };
  }
  const fit = (side: number): number =>
    Math.ceil(Math.max(side, requirements.minimum) / requirements.multipleOf) * requirements.multipleOf;
  return { width: fit(tile.width), height: fit(tile.height) };
}
