import { pause } from '../client/jobs-api.js';
import { Problem } from '../client/problem.js';

const FIRST_PAUSE_MS = 1_500;
const MAX_PAUSE_MS = 10_000;

/**
 * Tries until the service answers, however long that takes: its jobs survive a restart.
 * @param onConnection is told whether the service is in reach.
 * @throws Problem when the service refuses; the signal's reason.
 */
export async function retry<T>(
  attempt: () => Promise<T>,
  signal: AbortSignal,
  onConnection: (connected: boolean) => void,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      const answer = await attempt();
      onConnection(true);
      return answer;
    } catch (error) {
      signal.throwIfAborted();
      const answered = error instanceof Problem && !error.ofGateway;
      if (answered && !error.passing) throw error;
      // The first failure may be the end of an idle connection.
      if (answered || tries > 1) onConnection(answered);
    }
    await pause(Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), MAX_PAUSE_MS), signal);
  }
}
