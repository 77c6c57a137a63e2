import { type Static, Type } from 'typebox';
import { FALLBACK_REASONS, type PlannedCandidate, PROVIDERS, type UpscalePlan } from '../../domain/types.js';
import { decimal, type FieldsOf, integer, listOf, named, oneOf, optional, refTo, text } from './named.js';

const MEMORY_DESCRIPTION =
  'Bytes that the image adds to an engine: its decoded pixels, a strip of the result and the input and output tensors of one tile. ' +
  'Not included, since it is not known before it runs: what a network needs inside itself for a tile (measured in docs/models.md), ' +
  'and what an encoder holds.';

const Provider = optional(oneOf(PROVIDERS, 'What the model would run on; absent for Lanczos.'));

const PlannedCandidateSchema = named(
  'PlannedCandidate',
  'A model that might serve.',
  Type.Object({
    model: text('Its name, as in `GET /models`.'),
    provider: Provider,
    tileSizePx: optional(integer('Largest model input, in pixels.')),
    tiles: optional(integer('Tiles that it would compute.')),
    estimatedSeconds: optional(
      decimal(
        'Seconds that it would take. Absent while its speed is unknown, and for a candidate that would be skipped.',
      ),
    ),
    estimatedMemoryBytes: optional(decimal(`${MEMORY_DESCRIPTION} Absent for what has no tiles.`)),
    skipReason: optional(oneOf(FALLBACK_REASONS, 'Set for a candidate that would be skipped.')),
  } satisfies FieldsOf<PlannedCandidate>),
);

/** The answer to a dry run. */
export const PlanSchema = named(
  'Plan',
  'What an upscale would do, and what it would take.',
  Type.Object({
    width: integer('Of the result, in pixels.'),
    height: integer('Of the result, in pixels.'),
    candidates: listOf(refTo(PlannedCandidateSchema), 'In the order in which they would be tried.'),
    model: text('The model that is expected to serve.'),
    provider: Provider,
    tiles: integer('Tiles that it would compute; 0 for Lanczos.'),
    estimatedSeconds: decimal('Seconds from the start of the job to its result.'),
    estimatedMemoryBytes: decimal(MEMORY_DESCRIPTION),
  } satisfies FieldsOf<UpscalePlan>),
);

export type Plan = Static<typeof PlanSchema>;
