import type { InferenceSession } from 'onnxruntime-node';
import { innermostReason, lacksMemory } from './failure.js';
import type { ModelEntry } from './manifest.js';
import { otherFiles } from './other-files.js';
import { newTensor, onnxRuntime } from './runtime.js';
import { tensorFacts } from './session-contract.js';
import { newTensorData } from './tile-tensor.js';

/** A file that is no upscaling network, in a sentence that says why. */
export class UnfitModel extends Error {
  override readonly name = 'UnfitModel';

  /** Names from the file are in the message, which goes to a terminal: what would command it is taken out. */
  constructor(message: string, options?: { cause?: unknown }) {
    super(message.replace(/\p{Cc}/gu, '\ufffd'), options);
  }
}

/** What a file says of itself. */
export interface DeclaredContract extends Pick<ModelEntry, 'input' | 'output' | 'layout' | 'dtype'> {
  /** [width, height], when the file takes no other size. */
  readonly fixed?: readonly [number, number];
}

/** The same, and what a first run shows. */
export interface InspectedModel extends DeclaredContract {
  readonly scale: number;
  /** [width, height] of a tile that it computes: the fixed size, or a square whose side it may need multiples of. */
  readonly trial: readonly [number, number];
}

/**
 * Reads names, types and shapes from a file, and finds the scale by a first run.
 * @throws UnfitModel
 */
export async function inspectModel(bytes: Uint8Array): Promise<InspectedModel> {
  refuseOtherFiles(bytes);
  const session = await openFile(bytes);
  try {
    const declared = declaredContract(session);
    return { ...declared, ...(await firstRun(session, declared)) };
  } finally {
    await session.release();
  }
}

/** Four bytes of a file in the runtime's own format, from the fifth on. */
const ORT_FORMAT = 'ORTM';

/** @throws UnfitModel for what would have the runtime read other files, or cannot be looked into. */
function refuseOtherFiles(bytes: Uint8Array): void {
  const others = otherFiles(bytes);
  if (others === 'unreadable' || Buffer.from(bytes.subarray(4, 8)).toString('latin1') === ORT_FORMAT)
    throw new UnfitModel('It cannot be loaded: it is no ONNX file.');
  if (others === 'named')
    throw new UnfitModel(
      'Expected the whole network in one file but it names other files for its weights (external data).',
    );
}

async function openFile(bytes: Uint8Array): Promise<InferenceSession> {
  const { InferenceSession } = await onnxRuntime();
  try {
    return await InferenceSession.create(bytes, { executionProviders: ['cpu'], logSeverityLevel: 4 });
  } catch (error) {
    throw new UnfitModel(`It cannot be loaded: ${innermostReason(error)}`, { cause: error });
  }
}

function declaredContract(session: InferenceSession): DeclaredContract {
  const inputs = tensorFacts(session.inputMetadata);
  const outputs = tensorFacts(session.outputMetadata);
  const [input] = inputs;
  const [output] = outputs;
  if (input === undefined || output === undefined || inputs.length > 1)
    throw new UnfitModel(
      `Expected one input and an output but it has the inputs ${inputs.map((each) => each.name).join(', ')}.`,
    );
  const dtype = (['float32', 'float16', 'uint8'] as const).find((type) => type === input.type);
  if (dtype === undefined || output.type !== dtype)
    throw new UnfitModel(
      `Expected float32, float16 or uint8 on both sides but it takes ${input.type} and gives ${output.type}.`,
    );
  const shape = `[${input.shape.join(', ')}]`;
  if (input.shape.length !== 4)
    throw new UnfitModel(`Expected an input of four dimensions but it is ${shape}.`);
  if (typeof input.shape[0] === 'number' && input.shape[0] !== 1)
    throw new UnfitModel(`Expected one image at a time but the input is ${shape}.`);
  const layout = layoutOf(input.shape);
  if (layout === undefined) throw new UnfitModel(`Expected three channels but the input is ${shape}.`);
  const [height, width] = layout === 'nchw' ? input.shape.slice(2) : input.shape.slice(1, 3);
  const contract = { input: input.name, output: output.name, layout, dtype };
  if (typeof height === 'number' && typeof width === 'number') return { ...contract, fixed: [width, height] };
  if (typeof height === 'number' || typeof width === 'number')
    throw new UnfitModel(`Expected both sides fixed or both free but the input is ${shape}.`);
  return contract;
}

/** Three channels in second or in last place; where neither is said, the usual order. */
function layoutOf(shape: readonly (number | string)[]): ModelEntry['layout'] | undefined {
  if (shape[1] === 3) return 'nchw';
  if (shape[3] === 3) return 'nhwc';
  return typeof shape[1] === 'string' ? 'nchw' : undefined;
}

/**
 * Sides of the first tile. A network may take only multiples of some number: the first side suits most, and each of the others is for what
 * those before it do not suit, 48 for 3, 6, 12 and 24, say.
 */
const FIRST_SIDES_PX = [64, 48, 128, 96, 60, 56, 72, 80, 144, 112, 160, 192, 224, 256, 320, 384];

/** @throws UnfitModel for what the first of all sides shows, where it computes none of them. */
async function firstRun(
  session: InferenceSession,
  contract: DeclaredContract,
): Promise<Pick<InspectedModel, 'scale' | 'trial'>> {
  const { fixed } = contract;
  const trials = fixed === undefined ? FIRST_SIDES_PX.map((side) => [side, side] as const) : [fixed];
  let first: UnfitModel | undefined;
  for (const trial of trials) {
    const scale = await findScale(session, contract, trial).catch((error: unknown) => {
      // What does not fit into memory does not fit any better when it is larger.
      if (!(error instanceof UnfitModel) || lacksMemory(error.cause)) throw error;
      return error;
    });
    if (typeof scale === 'number') return { scale, trial };
    first ??= scale;
  }
  throw first ?? new UnfitModel('It cannot compute a tile.');
}

async function findScale(
  session: InferenceSession,
  contract: DeclaredContract,
  [width, height]: readonly [number, number],
): Promise<number> {
  const dims = contract.layout === 'nchw' ? [1, 3, height, width] : [1, height, width, 3];
  const data = newTensorData(contract.dtype, width * height * 3);
  let answer: readonly number[];
  try {
    const feeds = { [contract.input]: await newTensor(contract.dtype, data, dims) };
    answer = (await session.run(feeds, [contract.output]))[contract.output]?.dims ?? [];
  } catch (error) {
    throw new UnfitModel(`It cannot compute a tile of ${width}×${height}: ${innermostReason(error)}`, {
      cause: error,
    });
  }
  const scale = (answer[contract.layout === 'nchw' ? 3 : 2] ?? 0) / width;
  const expected = dims.map((dim) => (dim === 1 || dim === 3 ? dim : dim * scale));
  if (!Number.isInteger(scale) || scale < 1 || scale > 8 || answer.join() !== expected.join())
    throw new UnfitModel(
      `Expected a picture 1 to 8 times as large but it makes [${answer.join(', ')}] of [${dims.join(', ')}].`,
    );
  return scale;
}
