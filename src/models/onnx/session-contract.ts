import type { InferenceSession } from 'onnxruntime-node';
import { ModelLoadError } from '../failure.js';
import { type ModelEntry, outputForm } from '../manifest-entry.js';

/** A declared input or output. */
interface TensorFacts {
  readonly name: string;
  readonly type: string;
  /** Numbers for fixed dimensions, names for free ones. */
  readonly shape: readonly (number | string)[];
}

/** @returns names, types and shapes of a session's tensors. */
export function tensorFacts(side: InferenceSession['inputMetadata']): TensorFacts[] {
  return side.map((facts) => ({
    name: facts.name,
    type: facts.isTensor ? facts.type : 'no tensor',
    shape: facts.isTensor ? facts.shape : [],
  }));
}

/**
 * Compares a loaded file with its entry.
 * @returns the entry, with the fixed size that the file declares, if any.
 * @throws ModelLoadError corrupt_model naming the first difference.
 */
export function withFixedSize(entry: ModelEntry, session: InferenceSession): ModelEntry {
  const input = check(entry, 'input', entry.input, tensorFacts(session.inputMetadata));
  check(entry, 'output', entry.output, tensorFacts(session.outputMetadata));
  const [height, width] = entry.layout === 'nchw' ? input.shape.slice(2) : input.shape.slice(1, 3);
  if (typeof height !== 'number' && typeof width !== 'number') return entry;
  if (typeof height !== 'number' || typeof width !== 'number')
    throw mismatch(entry, 'has one fixed and one free side, which is not supported');
  const { minimum, multipleOf } = entry.sizeRequirements;
  return { ...entry, sizeRequirements: { minimum, multipleOf, fixed: [width, height] } };
}

function check(
  entry: ModelEntry,
  side: 'input' | 'output',
  name: string,
  all: readonly TensorFacts[],
): TensorFacts {
  const facts = all.find((each) => each.name === name);
  const names = all.map((each) => `"${each.name}"`).join(', ');
  if (facts === undefined) throw mismatch(entry, `has no ${side} "${name}" but ${names}`);
  if (side === 'input' && all.length > 1) throw mismatch(entry, `needs more than one input: ${names}`);
  const { dtype } = side === 'input' ? entry : outputForm(entry);
  if (facts.type !== dtype) throw mismatch(entry, `has ${side} type ${facts.type}, not ${dtype}`);
  const [channels, elsewhere] =
    entry.layout === 'nchw' ? [facts.shape[1], facts.shape[3]] : [facts.shape[3], facts.shape[1]];
  const shape = `[${facts.shape.join(', ')}]`;
  // Some exporters declare no output shape; the first tile is checked then.
  if (side === 'output' && facts.shape.length === 0) return facts;
  const notChannels = channels !== 3 && (typeof channels === 'number' || elsewhere === 3);
  if (facts.shape.length !== 4 || notChannels)
    throw mismatch(entry, `has ${side} shape ${shape}, which is not ${entry.layout} with three channels`);
  if (typeof facts.shape[0] === 'number' && facts.shape[0] !== 1)
    throw mismatch(entry, `takes ${facts.shape[0]} images at a time, not 1`);
  return facts;
}

function mismatch(entry: ModelEntry, what: string): ModelLoadError {
  return new ModelLoadError('corrupt_model', `The file of ${entry.name} ${what}.`);
}
