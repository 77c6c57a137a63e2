import type { Job } from '../client/jobs-api.js';
import { store, stored } from './storage.js';

/** A job that this tab knows after a reload, as last seen. The service has its picture, and forgets it after a while. */
export interface Remembered {
  readonly job: Job;
  readonly name: string;
  readonly downloaded: boolean;
}

const NAME = 'tessera-pictures';

/** The jobs of this tab in the order in which they were sent. */
export function remembered(): Remembered[] {
  return JSON.parse(stored(NAME) ?? '[]');
}

/** @param picture replaces an earlier record of the same job. */
export function remember(picture: Remembered): void {
  const known = remembered();
  const place = known.findIndex(({ job }) => job.id === picture.job.id);
  if (place === -1) known.push(picture);
  else known[place] = picture;
  store(NAME, JSON.stringify(known));
}

/** @param id of the job. */
export function forget(id: string): void {
  store(NAME, JSON.stringify(remembered().filter(({ job }) => job.id !== id)));
}
