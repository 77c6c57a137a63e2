import { ProblemSchema } from '../errors/problem.js';
import type { NamedSchema } from '../named-schema.js';
import {
  AttemptSchema,
  JobListSchema,
  JobProblemSchema,
  JobProgressSchema,
  JobResultSchema,
  JobSchema,
} from './job.js';
import { PlannedCandidateSchema, PlanSchema } from './plan.js';
import { HealthSchema, ModelListSchema, ModelSchema, ProbeSchema, ProviderSchema } from './status.js';

/** All named schemas, to which routes refer. */
export const NAMED_SCHEMAS: readonly NamedSchema[] = [
  AttemptSchema,
  HealthSchema,
  JobListSchema,
  JobProblemSchema,
  JobProgressSchema,
  JobResultSchema,
  JobSchema,
  ModelListSchema,
  ModelSchema,
  PlannedCandidateSchema,
  PlanSchema,
  ProbeSchema,
  ProblemSchema,
  ProviderSchema,
];
