import type { InferenceSession } from 'onnxruntime-node';
import { innermostReason, lacksMemory, UnfitModel } from '../failure.js';
import type { ModelEntry, SampleType } from '../manifest-entry.js';
import { newTensor } from '../onnx/runtime.js';
import { newTensorData, tensorDims } from '../onnx/tile-tensor.js';

/** The input that a file declares. */
export interface DeclaredInput extends Pick<ModelEntry, 'input' | 'layout' | 'dtype'> {
  /** [width, height], if the file takes no other size. */
  readonly fixed?: readonly [number, number];
}

/** An output that may be the picture. */
export interface PossibleOutput {
  readonly name: string;
  readonly dtype: SampleType;
}

/** The result of a first run. */
export interface ShownByRun {
  readonly picture: PossibleOutput;
  readonly scale: number;
  /** [width, height] of a tile that the network computes: the fixed size, or a square. */
  readonly trial: readonly [number, number];
}

/** Sides of the first tile. Each is a multiple of numbers that the sides before it are not: 48 of 3, 6, 12 and 24. */
const FIRST_SIDES_PX = [64, 48, 128, 96, 60, 56, 72, 80, 144, 112, 160, 192, 224, 256, 320, 384];

/**
 * Runs a tile through a network and finds the output that has the shape of the enlarged tile.
 * @throws UnfitModel with the result of the first side, when no side gives a picture.
 */
export async function firstRun(
  session: InferenceSession,
  input: DeclaredInput,
  outputs: readonly PossibleOutput[],
): Promise<ShownByRun> {
  const { fixed } = input;
  const trials = fixed === undefined ? FIRST_SIDES_PX.map((side) => [side, side] as const) : [fixed];
  let first: UnfitModel | undefined;
  for (const trial of trials) {
    const shown = await runOnce(session, input, outputs, trial);
    if (!(shown instanceof UnfitModel)) return shown;
    // A larger tile would not fit either.
    if (lacksMemory(shown.cause)) throw shown;
    first ??= shown;
  }
  throw first ?? new UnfitModel('It cannot compute a tile.');
}

/** @returns the result of one tile, or why there is none. @throws UnfitModel when several outputs could be the picture. */
async function runOnce(
  session: InferenceSession,
  input: DeclaredInput,
  outputs: readonly PossibleOutput[],
  trial: readonly [number, number],
): Promise<ShownByRun | UnfitModel> {
  const [width, height] = trial;
  const dims = tensorDims(input.layout, width, height);
  const data = newTensorData(input.dtype, width * height * 3);
  let answers: Awaited<ReturnType<InferenceSession['run']>>;
  try {
    const feeds = { [input.input]: await newTensor(input.dtype, data, dims) };
    answers = await session.run(
      feeds,
      outputs.map(({ name }) => name),
    );
  } catch (error) {
    return new UnfitModel(`It cannot compute a tile of ${width}×${height}: ${innermostReason(error)}`, {
      cause: error,
    });
  }
  const dimsOf = ({ name }: PossibleOutput): readonly number[] => answers[name]?.dims ?? [];
  const pictures = outputs.flatMap((picture) => {
    const scale = scaleOf(dimsOf(picture), input.layout, trial);
    return scale === undefined ? [] : [{ picture, scale, trial }];
  });
  const [only] = pictures;
  if (pictures.length > 1)
    throw new UnfitModel(
      `More than one of its outputs has the shape of a picture: ${pictures.map(({ picture, scale }) => `${picture.name} (×${scale})`).join(', ')}. Say by --output which is the enlarged one.`,
    );
  if (only !== undefined) return only;
  const made = outputs.map((output) => `[${dimsOf(output).join(', ')}]`).join(' and ');
  return new UnfitModel(
    `Expected a picture 1 to 8 times as large but it makes ${made} of [${dims.join(', ')}].`,
  );
}

/** @returns the scale of an output; undefined when its shape is not that of the enlarged tile. */
function scaleOf(
  dims: readonly number[],
  layout: ModelEntry['layout'],
  [width, height]: readonly [number, number],
): number | undefined {
  const scale = (dims[layout === 'nchw' ? 3 : 2] ?? 0) / width;
  const isPicture = dims.join() === tensorDims(layout, width * scale, height * scale).join();
  return isPicture && Number.isInteger(scale) && scale >= 1 && scale <= 8 ? scale : undefined;
}
