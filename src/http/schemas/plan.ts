import { Type } from 'typebox';
import {
  FALLBACK_REASONS,
  type PlannedCandidate,
  PROVIDERS,
  UPSCALE_STEPS,
  type UpscalePlan,
} from '../../domain/types.js';
import { listOf, named, oneOf, refTo, schemaOf } from '../named-schema.js';

const MEMORY_DESCRIPTION =
  'Bytes that the image adds to an engine: its decoded pixels and strips of the result, twice each, the input and output tensors of the ' +
  'tiles that are computed at once, and what an encoder of AVIF or WebP holds. Not included, since it is not known before it runs: the ' +
  'memory of a network for its own layers (measured in docs/models.md).';

const Provider = Type.Optional(oneOf(PROVIDERS, 'What the model would run on; absent for Lanczos.'));

export const PlannedCandidateSchema = named(
  'PlannedCandidate',
  'A model that might serve.',
  schemaOf<PlannedCandidate>()(
    Type.Object({
      model: Type.String({ description: 'Its name, as in `GET /models`.' }),
      provider: Provider,
      tileSizePx: Type.Optional(Type.Integer({ description: 'Largest model input, in pixels.' })),
      tiles: Type.Optional(Type.Integer({ description: 'Tiles that it would compute.' })),
      estimatedSeconds: Type.Optional(
        Type.Number({
          description:
            'Seconds that it would take. Absent while its speed is unknown, and for a candidate that would be skipped.',
        }),
      ),
      estimatedMemoryBytes: Type.Optional(
        Type.Number({ description: `${MEMORY_DESCRIPTION} Absent for what has no tiles.` }),
      ),
      skipReason: Type.Optional(oneOf(FALLBACK_REASONS, 'Set for a candidate that would be skipped.')),
    }),
  ),
);

export const PlanSchema = named(
  'Plan',
  'What an upscale would do, and what it would take.',
  schemaOf<UpscalePlan>()(
    Type.Object({
      width: Type.Integer({ description: 'Of the result, in pixels.' }),
      height: Type.Integer({ description: 'Of the result, in pixels.' }),
      candidates: listOf(refTo(PlannedCandidateSchema), {
        description: 'In the order in which they would be tried.',
      }),
      model: Type.String({ description: 'The model that is expected to serve.' }),
      steps: listOf(Type.Enum([...UPSCALE_STEPS], { type: 'string' }), {
        description: 'What would be done to the image, in this order.',
      }),
      provider: Provider,
      tiles: Type.Integer({ description: 'Tiles that it would compute; 0 for Lanczos.' }),
      estimatedSeconds: Type.Number({ description: 'Seconds from the start of the job to its result.' }),
      estimatedMemoryBytes: Type.Number({ description: MEMORY_DESCRIPTION }),
    }),
  ),
);
