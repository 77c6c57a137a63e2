import type { CreateRunner } from '../../../src/engine/worker/runner.js';
import { createRunner as createScripted } from './scripted-runner.js';

/** Dies of the model that it is asked to preload. */
export const createRunner: CreateRunner = async (settings, ...rest) => {
  if (settings.preload) process.kill(process.pid, 'SIGKILL');
  return createScripted(settings, ...rest);
};
