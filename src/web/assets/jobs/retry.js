import { Problem } from './api.js';
import { pause } from './slots.js';

const FIRST_PAUSE_MS = 1_500;
const MAX_PAUSE_MS = 10_000;

/**
 * Asks the service until it answers, however long that takes: its jobs survive a restart.
 * @template T
 * @param {() => Promise<T>} attempt
 * @param {AbortSignal} signal
 * @param {(connected: boolean) => void} onConnection told whether the service is in reach.
 * @returns {Promise<T>}
 * @throws {Problem} when the service refuses; the signal's reason.
 */
export async function retry(attempt, signal, onConnection) {
  for (let tries = 1; ; tries += 1) {
    try {
      const answer = await attempt();
      onConnection(true);
      return answer;
    } catch (error) {
      signal.throwIfAborted();
      const answered = error instanceof Problem && !error.ofGateway;
      if (answered && !error.passing) throw error;
      // One failure may be no more than the end of an old connection.
      if (answered || tries > 1) onConnection(answered);
    }
    await pause(Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), MAX_PAUSE_MS), signal);
  }
}
