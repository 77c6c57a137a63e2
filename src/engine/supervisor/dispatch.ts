import type { Assignment } from './assignment.js';
import type { EngineHandle } from './engine-handle.js';

/** What dispatch needs to know of an engine. */
type Host = Pick<EngineHandle, 'state' | 'assignments'>;

/**
 * Decides which waiting jobs go to which engines now: in order of waiting, each to the engine with the fewest jobs. A
 * job that must be alone takes an empty engine. If there is none, it keeps other jobs out of one until that is empty.
 */
export function dispatch<E extends Host>(
  waiting: readonly Assignment[],
  engines: readonly E[],
): { assignment: Assignment; engine: E }[] {
  const load = new Map<E, number>();
  for (const engine of engines) {
    const shared = [...engine.assignments.values()].every((assignment) => !assignment.alone);
    if (engine.state === 'ready' && shared) load.set(engine, engine.assignments.size);
  }
  const decisions: { assignment: Assignment; engine: E }[] = [];
  for (const assignment of waiting) {
    const [least] = [...load].sort(([, one], [, other]) => one - other);
    if (least === undefined) break;
    const [engine, jobs] = least;
    if (assignment.alone) load.delete(engine);
    else load.set(engine, jobs + 1);
    if (!assignment.alone || jobs === 0) decisions.push({ assignment, engine });
  }
  return decisions;
}
