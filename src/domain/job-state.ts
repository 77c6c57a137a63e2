export const JOB_STATES = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const;
export type JobState = (typeof JOB_STATES)[number];

/** Whether a job will not change any more. */
export function hasEnded({ state }: { readonly state: JobState }): boolean {
  return state !== 'queued' && state !== 'running';
}
