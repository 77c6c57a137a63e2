import type { ModelStatus } from '../src/domain/types.js';

/** The status of an installed ×4 model outside of the chain, as far as `changes` say nothing else. */
export function modelStatus(changes: Partial<ModelStatus> & Pick<ModelStatus, 'name'>): ModelStatus {
  return {
    title: changes.name,
    scale: 4,
    licence: 'MIT',
    family: 'custom',
    installed: true,
    confirmed: true,
    servesBits: [8, 16],
    sizeRequirements: { minimum: 1, multipleOf: 1 },
    overlapPx: 0,
    loaded: false,
    provider: 'cpu',
    microsecondsPerPixel: {},
    ...changes,
  };
}

/** Of a model whose file is not there. */
export const NOT_INSTALLED = { installed: false, servesBits: [] } as const;
