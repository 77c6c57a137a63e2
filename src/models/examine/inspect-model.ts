import type { InferenceSession } from 'onnxruntime-node';
import { innermostReason, UnfitModel } from '../failure.js';
import { type ModelEntry, SAMPLE_TYPES, type SampleType } from '../manifest-entry.js';
import { onnxRuntime } from '../onnx/runtime.js';
import { tensorFacts } from '../onnx/session-contract.js';
import { otherFiles } from '../onnx-file/external-data.js';
import { foreignFile } from '../onnx-file/foreign-file.js';
import { type DeclaredInput, firstRun, type PossibleOutput, type ShownByRun } from './first-run.js';

/** The contract that a file declares, completed by a first run. */
type InspectedModel = DeclaredInput &
  Omit<ShownByRun, 'picture'> &
  Pick<ModelEntry, 'output' | 'outputDtype'>;

/**
 * Reads names, types and shapes from a file, and finds the scale and the output with the picture by a first run.
 * @param output name of the output with the picture; needed when several outputs could be.
 * @throws UnfitModel
 */
export async function inspectModel(bytes: Uint8Array, output?: string): Promise<InspectedModel> {
  refuseOtherFiles(bytes);
  const session = await openFile(bytes);
  try {
    const input = declaredInput(session);
    const { picture, ...shown } = await firstRun(session, input, possibleOutputs(session, output));
    const { dtype } = picture;
    return {
      ...input,
      ...shown,
      output: picture.name,
      ...(dtype === input.dtype ? {} : { outputDtype: dtype }),
    };
  } finally {
    await session.release();
  }
}

/** @throws UnfitModel for a file that would make ONNX Runtime read other files, or is in its own format (.ort), which may. */
function refuseOtherFiles(bytes: Uint8Array): void {
  const foreign = foreignFile(bytes, '');
  if (foreign !== undefined) throw new UnfitModel(foreign);
  if (otherFiles(bytes) !== 'none')
    throw new UnfitModel(
      'It names other files for its weights (external data) in a way that is not understood.',
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

function declaredInput(session: InferenceSession): DeclaredInput {
  const inputs = tensorFacts(session.inputMetadata);
  const [input] = inputs;
  if (input === undefined || inputs.length > 1)
    throw new UnfitModel(
      `Expected one input but it has the inputs ${inputs.map((each) => each.name).join(', ')}.`,
    );
  const dtype = sampleType(input.type);
  if (dtype === undefined)
    throw new UnfitModel(`Expected an input of ${SAMPLE_TYPES.join(', ')} but it is ${input.type}.`);
  const shape = `[${input.shape.join(', ')}]`;
  if (input.shape.length !== 4)
    throw new UnfitModel(`Expected an input of four dimensions but it is ${shape}.`);
  if (typeof input.shape[0] === 'number' && input.shape[0] !== 1)
    throw new UnfitModel(`Expected one image at a time but the input is ${shape}.`);
  const layout = layoutOf(input.shape);
  if (layout === undefined) throw new UnfitModel(`Expected three channels but the input is ${shape}.`);
  const [height, width] = layout === 'nchw' ? input.shape.slice(2) : input.shape.slice(1, 3);
  const declared = { input: input.name, layout, dtype };
  if (typeof height === 'number' && typeof width === 'number') return { ...declared, fixed: [width, height] };
  if (typeof height === 'number' || typeof width === 'number')
    throw new UnfitModel(`Expected both sides fixed or both free but the input is ${shape}.`);
  return declared;
}

/** @param named the output that the user named. @returns the outputs that may be a picture, by their declared types and shapes. */
function possibleOutputs(session: InferenceSession, named: string | undefined): PossibleOutput[] {
  const outputs = tensorFacts(session.outputMetadata);
  const list = outputs.map(({ name, type, shape }) => `${name} (${type} [${shape.join(', ')}])`).join(', ');
  const meant = named === undefined ? outputs : outputs.filter(({ name }) => name === named);
  if (meant.length === 0) throw new UnfitModel(`It has no output ${named}. It has ${list}.`);
  const possible = meant.flatMap(({ name, type, shape }) => {
    const dtype = sampleType(type);
    // Some exporters declare no shape.
    return dtype !== undefined && (shape.length === 4 || shape.length === 0) ? [{ name, dtype }] : [];
  });
  if (possible.length === 0)
    throw new UnfitModel(
      `Expected an output of ${SAMPLE_TYPES.join(', ')} in four dimensions but it has ${list}.`,
    );
  return possible;
}

function sampleType(type: string): SampleType | undefined {
  return SAMPLE_TYPES.find((each) => each === type);
}

/** By the position of the three channels; nchw when the file leaves it open. */
function layoutOf(shape: readonly (number | string)[]): ModelEntry['layout'] | undefined {
  if (shape[1] === 3) return 'nchw';
  if (shape[3] === 3) return 'nhwc';
  return typeof shape[1] === 'string' ? 'nchw' : undefined;
}
